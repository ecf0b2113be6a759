"""Every Python example of the page runs as a reader would run it: as files of one folder, under pytest."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3]
BLOCK = re.compile(r"```python\n# (\S+)\n(.*?)```", re.DOTALL)
JSON_FILE = re.compile(r"`([a-z.]+\.json)` that holds\s+`(.*?)`")
PAGE = (PACKAGE / "docs" / "guide.md").read_text()


def test_every_example_says_in_which_file_it_stands() -> None:
    names = [name for name, _ in BLOCK.findall(PAGE)]
    assert len(names) == PAGE.count("```python")
    assert names == ["function_app.py", "test_orders.py", "test_running_host.py", "test_stand_ins.py"]
    assert [name for name, _ in JSON_FILE.findall(PAGE)] == ["host.json", "local.settings.json"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files of the page."""
    folder = tmp_path_factory.mktemp("documented")
    for name, text in [*BLOCK.findall(PAGE), *JSON_FILE.findall(PAGE)]:
        (folder / name).write_text(text)
    # What an app may well have, as a repository of the host's may; an app's needs no __init__.py.
    (folder / "activities").mkdir()
    (folder / "activities" / "steps.py").touch()
    (folder / "test_own_folders.py").write_text("import activities.steps\n\n\ndef test_it_is_found(): ...\n")
    return folder


def test_every_example_of_the_page_runs(written: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=written,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expected = sum(text.count("\ndef test_") for _, text in BLOCK.findall(PAGE)) + 1
    assert (run.returncode, f"\n{expected} passed" in run.stdout) == (0, True), run.stdout + run.stderr
