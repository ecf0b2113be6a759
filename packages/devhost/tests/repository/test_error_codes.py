"""Each error of devhost has a code of its own, which docs/errors.md lists and which nobody changes unseen."""

import importlib
import inspect
import re
from pathlib import Path

import devhost

SOURCE = Path(devhost.__file__).parent
MODULES = [importlib.import_module(f"devhost.{path.parent.name}.errors") for path in SOURCE.glob("*/errors.py")]
CLASSES = [
    found
    for module in MODULES
    for _, found in inspect.getmembers(module, inspect.isclass)
    if issubclass(found, Exception) and found.__module__ == module.__name__
]


def test_each_class_says_its_own_code() -> None:
    assert [
        found.__name__ for found in CLASSES if not re.fullmatch("[a-z][a-zA-Z]+", vars(found).get("code", ""))
    ] == []


def test_no_two_classes_have_one_code() -> None:
    assert len({vars(found)["code"] for found in CLASSES}) == len(CLASSES) > 0


def test_the_docs_list_each_class_with_its_code() -> None:
    """A code that users compare with changes only together with the docs."""
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", page, re.M)
    assert sorted(listed) == sorted(
        (vars(found)["code"], f"{found.__module__}.{found.__name__}") for found in CLASSES
    )
