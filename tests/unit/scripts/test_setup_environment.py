"""The set-up of `.venv` and `node_modules`: done once, and again after a change or an interruption."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.setup_environment import (
    ROOT,
    SetupError,
    ensure_node,
    ensure_python,
    main,
    run_step,
    stamp_key,
)

# Seconds of CPU, which take minutes on a busy machine.
makes_an_environment = pytest.mark.timeout(600)

FAKE_NODE = "#!/bin/sh\necho v20.1.0\n"
FAKE_NPM = "#!/bin/sh\nrm -rf node_modules; mkdir node_modules; echo once >> npm-runs\n"


# A stand-in for devhost whose build needs only Python.
DEVHOST_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
DEVHOST_BACKEND = """
import zipfile, pathlib
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "devhost-0.1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("devhost-0.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: devhost\\nVersion: 0.1\\n")
        wheel.writestr("devhost-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("devhost-0.1.dist-info/RECORD", "")
    return name
"""


def write_wheel(folder: Path) -> Path:
    """Write the wheel of an empty package called demo to the folder."""
    path = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        wheel.writestr("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("demo-1.0.dist-info/RECORD", "")
    return path


def write_program(folder: Path, name: str, content: str) -> None:
    """Write a program to the folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    (folder / name).chmod(0o755)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository without packages, with a node and an npm that only record their calls."""
    for name in ("requirements-dev.txt", "package.json", "package-lock.json"):
        (tmp_path / name).write_text("")
    devhost = tmp_path / "packages" / "devhost"
    devhost.mkdir(parents=True)
    (devhost / "pyproject.toml").write_text(DEVHOST_PROJECT)
    (devhost / "backend.py").write_text(DEVHOST_BACKEND)
    (tmp_path / ".setup").mkdir()
    programs = tmp_path / "programs"
    write_program(programs, "node", FAKE_NODE)
    write_program(programs, "npm", FAKE_NPM)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def npm_runs(root: Path) -> int:
    """The number of runs of npm."""
    notes = root / "npm-runs"
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def test_npm_runs_once_and_again_only_when_the_lock_file_changed(root: Path) -> None:
    ensure_node(root)
    ensure_node(root)
    assert npm_runs(root) == 1

    (root / "package-lock.json").write_text("{}")
    ensure_node(root)
    assert npm_runs(root) == 2


def test_an_interrupted_npm_is_run_again(root: Path) -> None:
    ensure_node(root)
    (root / "node_modules" / ".stamp").unlink()

    ensure_node(root)

    assert npm_runs(root) == 2


def test_a_node_that_is_too_old_is_named_with_its_version(root: Path) -> None:
    write_program(root / "programs", "node", "#!/bin/sh\necho v18.19.0\n")

    with pytest.raises(SetupError, match=r"is version v18\.19\.0\. Azurite needs Node 20 or newer"):
        ensure_node(root)


def test_a_missing_node_is_explained(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SetupError, match=r"node was not found.*https://nodejs\.org"):
        ensure_node(root)


def test_a_failed_step_shows_the_end_of_its_log_and_what_to_look_at(root: Path) -> None:
    write_program(root / "programs", "npm", "#!/bin/sh\necho no route to host; exit 1\n")

    with pytest.raises(SetupError, match=r"(?s)failed after .*\| no route to host.*registry reachable"):
        ensure_node(root)

    assert not (root / "node_modules" / ".stamp").exists()


@makes_an_environment
def test_a_python_environment_is_made_once_then_changed_and_made_again_after_an_interruption(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One story: each environment takes seconds of CPU to make."""
    ensure_python(root)
    assert "Creating .venv took" in capsys.readouterr().out
    ensure_python(root)
    assert capsys.readouterr().out == ""

    (root / "packages" / "devhost" / "pyproject.toml").write_text(f"{DEVHOST_PROJECT}# one more command")
    ensure_python(root)
    assert "Installing devhost in place took" in capsys.readouterr().out

    half_a_package = root / ".venv" / "half-a-package"
    half_a_package.touch()
    (root / ".setup" / "python-unfinished").touch()
    ensure_python(root)
    assert not half_a_package.exists()
    assert not (root / ".setup" / "python-unfinished").exists()


@makes_an_environment
@pytest.mark.parametrize(
    ("hash_option", "complaint"),
    [(f" --hash=sha256:{'0' * 64}", "DO NOT MATCH THE HASHES"), ("", "Hashes are required")],
)
def test_a_package_with_another_hash_or_none_is_not_installed(
    root: Path, hash_option: str, complaint: str
) -> None:
    wheel = write_wheel(root)
    (root / "requirements-dev.txt").write_text(f"demo @ {wheel.as_uri()}{hash_option}")

    with pytest.raises(SetupError, match=rf"(?s){complaint}.*do not install it.*make lock"):
        ensure_python(root)

    assert not list((root / ".venv").rglob("demo-1.0.dist-info"))


def test_the_environment_finds_devhost_from_anywhere_and_no_other_package_beside_it(tmp_path: Path) -> None:
    """Guards against a search path through which apps under devhost import this repository's packages."""
    look = "import importlib.util as u; print([bool(u.find_spec(name)) for name in ('devhost', 'activities')])"
    found = subprocess.run(
        [sys.executable, "-P", "-c", look], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.stderr) == ("[True, False]\n", "")


def test_the_stamp_changes_with_each_file_and_with_the_runtime(root: Path) -> None:
    names = ("requirements-dev.txt", "packages/devhost/pyproject.toml")
    first = stamp_key(root, names, "python 3.11")
    (root / "requirements-dev.txt").write_text("rich==15.0.0")

    assert stamp_key(root, names, "python 3.11") != first
    assert stamp_key(root, names, "python 3.12") != stamp_key(root, names, "python 3.11")


def test_progress_has_the_step_and_its_duration(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_step(root, "Counting, quickly", ["true"], "unused")

    begins, ends = capsys.readouterr().out.splitlines()
    assert begins == "setup: Counting, quickly ..."
    assert re.fullmatch(r"setup: Counting, quickly took \d+ s", ends)
    assert (root / ".setup" / "counting-quickly.log").exists()


def test_an_unknown_environment_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ruby"], root) == 1
    assert "'ruby' is not an environment" in capsys.readouterr().err


def test_without_a_new_enough_python_each_one_found_is_named(tmp_path: Path) -> None:
    old = "#!/bin/sh\necho 3.9.18; exit 1\n"
    write_program(tmp_path, "python3", old)
    write_program(tmp_path, "python3.12", "#!/bin/sh\nexit 127\n")
    environment = {"PATH": f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"}

    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "setup"), "nothing"],
        env={**environment, "PYTHON": "python3 python3.12"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "python3 is version 3.9.18" in done.stderr
    assert "python3.12 does not run here" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_the_first_python_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    write_program(tmp_path, "python3", "#!/bin/sh\necho 3.9.18; exit 1\n")
    write_program(tmp_path, "python3.13", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "setup"), "ruby"],
        env={"PATH": f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    # The Python script ran: only it refuses this environment.
    assert "'ruby' is not an environment" in done.stderr
