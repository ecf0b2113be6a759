"""docs/architecture.md draws the house as it stands."""

import re

from tests.repository.files import ROOT, repository_files

_PAGE = (ROOT / "docs/architecture.md").read_text()
_TREE = re.search(r"```\n(.*?)```", _PAGE, re.DOTALL)
_ENTRIES = re.findall(r"^( *)(\S+?)/?  ", _TREE[1] if _TREE else "", re.MULTILINE)
ROOMS = {name for indent, name in _ENTRIES if not indent}
INSIDE_DOCPIPELINE = {name for indent, name in _ENTRIES if indent}


def test_every_folder_of_the_root_is_drawn_and_every_drawn_one_exists() -> None:
    folders = {path.split("/")[0] for path in repository_files() if "/" in path}
    visible = {folder for folder in folders if not folder.startswith(".")}
    assert {room.split("/")[0] for room in ROOMS} == visible | {"function_app.py"}
    assert [room for room in ROOMS if not (ROOT / room).exists()] == []


def test_everything_drawn_inside_docpipeline_exists() -> None:
    assert "intake.py" in INSIDE_DOCPIPELINE
    assert [name for name in INSIDE_DOCPIPELINE if not (ROOT / "docpipeline" / name).exists()] == []
