"""The diagram of docs/process.md leads to the code: each box names its file, and no step is missing."""

import ast
import re

import pytest

import activities
from tests.repository.files import ROOT

_DIAGRAM = re.search(r"```mermaid\n(.*?)```", (ROOT / "docs/process.md").read_text(), re.DOTALL)
_LINES = [line.strip() for line in _DIAGRAM[1].splitlines()] if _DIAGRAM else []
# ``name["text"]``, ``name{{"text"}}``, and ``subgraph name["text"]``, which is a frame.
_BOX = re.compile(r'(?:subgraph )?(\w+)(?:\["|\{\{")([^"]*)(?:"\]|"\}\})')
BOXES = {box[1]: box[2] for line in _LINES if (box := _BOX.fullmatch(line))}
ARROWS = [re.sub(r"\|[^|]*\|", "", line) for line in _LINES if ">" in line and not _BOX.fullmatch(line)]
ORCHESTRATOR = "orchestrators/document_processing.py"


def files_in(text: str) -> list[str]:
    """The files that a box or a frame names."""
    return re.findall(r"[\w/]+\.py", text)


def steps_of_the_orchestrator() -> set[str]:
    """Each step as the orchestrator writes it: ``steps.examine``, ``await_review``, ``run.go_on_waiting``."""
    nodes = list(ast.walk(ast.parse((ROOT / ORCHESTRATOR).read_text())))
    steps = [node.value for node in nodes if isinstance(node, ast.YieldFrom | ast.Return)]
    return {ast.unparse(step.func) for step in steps if isinstance(step, ast.Call)}


def activity_files() -> list[str]:
    return [
        f"activities/{builder._function.get_function_name()}.py"
        for blueprint in activities.blueprints
        for builder in blueprint._function_builders
    ]


def test_the_diagram_was_found_with_its_arrows_and_steps() -> None:
    assert len(BOXES) > 15
    assert len(ARROWS) > 15
    assert {
        "steps.examine",
        "await_review",
        "run.go_on_waiting",
        "steps.compensate",
    } <= steps_of_the_orchestrator()


@pytest.mark.parametrize("name", BOXES)
def test_every_box_names_files_that_exist(name: str) -> None:
    files = files_in(BOXES[name])
    assert files, f"box {name} of docs/process.md names no file"
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_every_arrow_joins_two_boxes_that_name_their_files() -> None:
    ends = {end for arrow in ARROWS for end in re.findall(r"\w+", arrow)}
    assert ends - BOXES.keys() == set()


@pytest.mark.parametrize("file", activity_files())
def test_every_activity_is_in_a_box(file: str) -> None:
    assert any(file in files_in(text) for text in BOXES.values())


@pytest.mark.parametrize("step", sorted(steps_of_the_orchestrator()))
def test_every_step_of_the_orchestrator_is_in_a_box(step: str) -> None:
    assert any(re.search(rf"\b{re.escape(step)}\b", text) for text in BOXES.values())


def test_every_row_of_the_table_bears_the_name_of_a_box() -> None:
    names = {found[1] for text in BOXES.values() if (found := re.search("<b>(.*?)</b>", text))}
    page = (ROOT / "docs/process.md").read_text()
    table = page.split("| Box | File |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"^\| ([^|]+) \| \[", table, re.MULTILINE)) - names == set()
