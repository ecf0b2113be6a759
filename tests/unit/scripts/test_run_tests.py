"""`make test` runs the tests of both houses, also after a failure of the first, and reports all failures."""

from pathlib import Path

import pytest

from scripts.run_tests import HOUSES, how, main, plan, verdict

PIPELINE, DEVHOST = HOUSES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a test in each house."""
    for house, name in ((PIPELINE, "counter"), (DEVHOST, "engine")):
        folder = tmp_path / house / "tests"
        folder.mkdir(parents=True)
        (tmp_path / house / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = ['tests']\n")
        (folder / f"test_{name}.py").write_text(f"def test_{name}(): ...\n")
    return tmp_path


def test_both_houses_run_with_all_options(root: Path) -> None:
    assert plan(["-k", "counter", "-x"], root) == [(house, ["-k", "counter", "-x"]) for house in HOUSES]


@pytest.mark.parametrize(
    ("path", "house", "passed"),
    [
        ("tests/test_counter.py::test_counter", PIPELINE, "tests/test_counter.py::test_counter"),
        ("tests/test_engine.py", DEVHOST, "tests/test_engine.py"),
        ("packages/devhost/tests/test_engine.py::test_engine", DEVHOST, "tests/test_engine.py::test_engine"),
        ("packages/devhost", DEVHOST, "."),
    ],
)
def test_a_path_goes_to_its_house_alone(root: Path, path: str, house: Path, passed: str) -> None:
    assert plan(["-q", path], root) == [(house, ["-q", passed])]


def test_a_path_that_both_have_goes_to_both(root: Path) -> None:
    assert plan(["tests"], root) == [(house, ["tests"]) for house in HOUSES]


def test_a_house_runs_in_several_processes_unless_one_file_is_named(root: Path) -> None:
    (_, arguments), _ = plan(["-k", "counter"], root)
    assert how(arguments)[:2] == ("-n", "auto")
    ((_, arguments),) = plan(["-q", "tests/test_counter.py::test_counter"], root)
    assert how(arguments) == ()


def test_a_failure_in_the_first_house_does_not_keep_the_second_from_running(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (root / PIPELINE / "tests" / "test_broken.py").write_text("def test_broken(): assert False\n")
    assert main(["-q", "-n", "0"], root) == 1
    shown = capfd.readouterr().out
    assert (shown.count("1 failed, 1 passed in"), shown.count(" passed in ")) == (1, 2)


def test_tests_get_the_path_of_azurite_so_that_none_is_skipped(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set when these tests themselves are run by the command.
    monkeypatch.delenv("DEVHOST_AZURITE", raising=False)
    script = root / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    source = f"import os\ndef test_it(): assert os.environ['DEVHOST_AZURITE'] == {str(script)!r}\n"
    (root / DEVHOST / "tests" / "test_engine.py").write_text(source)
    assert main(["-q", "-n", "0"], root) == 0


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0, 0], 0),
        ([1, 0], 1),
        ([0, 1], 1),
        ([0, 5], 0),
        ([5, 0], 0),
        ([5, 1], 1),
        ([5, 5], 5),
        ([2], 2),
    ],
)
def test_one_failure_fails_all_and_only_no_tests_anywhere_is_a_failure(codes: list[int], code: int) -> None:
    assert verdict(codes) == code
