"""Every fact that a page of the local host's contract states names a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2]
PAGES = sorted((PACKAGE / "docs").glob("contract-*.md"))
_TEST_ID = re.compile(r"`([^`]+\.py)::(test_\w+)`")


def rows(page: str) -> list[str]:
    """The tables' rows, without their heads and the lines below these."""
    lines = page.splitlines()
    return [
        line
        for line, below in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("|") and not _is_rule(line) and not _is_rule(below)
    ]


def _is_rule(line: str) -> bool:
    return re.fullmatch(r"\|[\s:|-]+\|", line) is not None


def faults_of(row: str) -> list[str]:
    """The faults of a row's last cell."""
    cell = re.split(r"(?<!\\)\|", row.rstrip().removesuffix("|"))[-1].strip()
    named = _TEST_ID.findall(cell)
    if not named or _TEST_ID.sub("", cell).strip(" ,"):
        return [f"The last cell is not a list of tests like `tests/x.py::test_y`: {row}"]
    return [f"There is no {path}::{name}" for path, name in named if name not in functions(PACKAGE / path)]


@cache
def functions(path: Path) -> frozenset[str]:
    """Names of the functions that a file declares at its top."""
    if not path.is_file():
        return frozenset()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_every_row_names_tests_that_exist(path: Path) -> None:
    found = rows(path.read_text(encoding="utf-8"))
    assert found, f"{path.name} has no table"
    assert [fault for row in found for fault in faults_of(row)] == []


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_every_page_is_linked_from_the_guide(path: Path) -> None:
    assert f"]({path.name})" in (PACKAGE / "docs" / "guide.md").read_text(encoding="utf-8")


def test_there_are_pages() -> None:
    assert PAGES


HERE = "tests/repository/test_contract_tables.py"


@pytest.mark.parametrize(
    ("row", "count"),
    [
        (f"| A fact | `{HERE}::test_there_are_pages` |", 0),
        (rf"| `a \| b` | `{HERE}::test_there_are_pages`, `{HERE}::test_faults_of_a_row_are_found` |", 0),
        (f"| A fact | `{HERE}::test_there_are_pages`, `{HERE}::test_of_dreams` |", 1),
        ("| A fact | `tests/nowhere.py::test_there_are_pages` |", 1),
        ("| A fact | |", 1),
        ("| A fact | to be written |", 1),
        (f"| A fact | `{HERE}::test_there_are_pages` and more |", 1),
        (f"| `{HERE}::test_there_are_pages` | none |", 1),
    ],
)
def test_faults_of_a_row_are_found(row: str, count: int) -> None:
    table = ["| What | Test |", "| --- | --- |", row]
    assert rows("\n".join(table)) == [row]
    assert len(faults_of(row)) == count
