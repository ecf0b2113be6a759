"""The table of error codes in docs/operations.md has each code that the pipeline gives a failure, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docpipeline.models.failure import DOCUMENT_FAULTS
from orchestrators.steps import FAILURE_CODES
from tests.repository.files import ROOT

_MAKERS = {"Failure", "DocumentFailed", "failed"}
"""What is called to make a failure: the code is its first argument, or is named."""


def table() -> list[list[str]]:
    """The codes of each row."""
    section = (
        (ROOT / "docs/operations.md").read_text().split("## Error codes of a record", 1)[1].split("\n## ", 1)[0]
    )
    return [
        re.findall(r"`(\w+)`", row)
        for row in re.findall(r"^\| (`[^|]+) \|", section, re.M)
        if row != "`error.code`"
    ]


def codes() -> set[str]:
    """The codes that are written in the code."""
    files = [
        path for folder in ("docpipeline", "activities", "orchestrators") for path in (ROOT / folder).rglob("*.py")
    ]
    return {*FAILURE_CODES.values(), *(code for path in files for code in _codes_in(path))}


def _codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=maker) | ast.Attribute(attr=maker)) if maker in _MAKERS:
                arguments = [*node.args[:1], *(named.value for named in node.keywords if named.arg == "code")]
                constants = (found.value for found in arguments if isinstance(found, ast.Constant))
                yield from (value for value in constants if isinstance(value, str))
            # The faults of a document are pairs of a code and a sentence.
            case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.Constant(value=str(sentence))]):
                if " " in sentence and path.name == "analysis_faults.py":
                    yield code


def test_the_table_has_each_code_once() -> None:
    documented = [code for row in table() for code in row]
    assert sorted(documented) == sorted(codes())


def test_the_first_two_rows_are_the_faults_of_documents() -> None:
    """The page says that these are warnings in the log, and all others errors."""
    assert {*table()[0], *table()[1]} == DOCUMENT_FAULTS
