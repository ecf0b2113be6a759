"""Each exception of the pipeline has a code of its own, which docs/operations.md lists: none changes unseen."""

import inspect
import re

from docpipeline import errors
from docpipeline.errors import PipelineError
from tests.repository.files import ROOT
from triggers.problem_details import problem_of

CLASSES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, PipelineError)]


def table() -> list[tuple[str, str, str]]:
    """Code, class and problem of each row."""
    section = (ROOT / "docs/operations.md").read_text().split("## Codes of exceptions", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \| `(\w+)` \| .*? \| (?:`([\w-]+)`)? *\|$", section, re.M)


def test_each_code_has_the_form_of_a_records_codes() -> None:
    assert [found.code for found in CLASSES if not re.fullmatch("[a-z][a-zA-Z]+", found.code)] == []


def test_no_two_classes_have_one_code() -> None:
    assert len({found.code for found in CLASSES}) == len(CLASSES)


def test_the_docs_list_each_class_with_its_code() -> None:
    """A code that users search by changes only together with the docs."""
    assert sorted((code, name) for code, name, _ in table()) == sorted(
        (found.code, found.__name__) for found in CLASSES
    )


def test_the_docs_name_the_problem_that_a_client_sees() -> None:
    documented = {name: problem or "internal" for _, name, problem in table()}
    assert documented == {found.__name__: problem_of(_made(found)).kind for found in CLASSES}


def _made(error: type[PipelineError]) -> PipelineError:
    """An error of the class, with something for everything it is made with."""
    own = error.__init__ is not Exception.__init__
    names = list(inspect.signature(error.__init__).parameters)[1:] if own else []
    return error(*[_SAMPLES.get(name, "x") for name in names])


_SAMPLES = {"problems": ["x"], "faults": [(("x",), "missing", "x")], "accepted": ("x",)}
