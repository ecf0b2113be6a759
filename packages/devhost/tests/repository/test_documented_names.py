"""The page that follows a completion names files and functions that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2]
SOURCE = PACKAGE / "src" / "devhost"
PAGE = (PACKAGE / "docs" / "one-completion.md").read_text(encoding="utf-8")
NAMES = re.findall(r"`([\w/]+\.py)::([\w.]+)`", PAGE)


@cache
def declared_in(path: Path) -> frozenset[str]:
    """What a file declares at its top, and the methods of its classes as ``Class.method``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            names |= {f"{node.name}.{method.name}" for method in methods}
    return frozenset(names)


@pytest.mark.parametrize(("file", "name"), NAMES)
def test_every_function_on_the_way_of_a_completion_exists(file: str, name: str) -> None:
    assert (SOURCE / file).is_file(), f"There is no {file}; where has {name} gone?"
    assert name in declared_in(SOURCE / file)


def test_every_step_of_the_way_says_where_it_is_done() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| (?!---|Thread|What happens \|)", line)]
    assert len(rows) > 10
    assert [row for row in rows if not re.search(r"::[\w.]+` \|$", row)] == []


def test_the_page_names_the_parts_that_a_completion_crosses() -> None:
    """Guards against a page whose names the pattern above does not find."""
    assert {file.partition("/")[0] for file, _ in NAMES} == {"functions", "worker", "engine"}
    assert len(NAMES) > 25


def test_the_page_is_linked_from_the_guide() -> None:
    assert "](one-completion.md)" in (PACKAGE / "docs" / "guide.md").read_text(encoding="utf-8")
