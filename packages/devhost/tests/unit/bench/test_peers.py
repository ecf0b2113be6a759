"""Peers have their own environments, and their programs print a result."""

import re
import sys
from pathlib import Path

import pytest

from bench.engine.peers import environment
from bench.engine.peers.environment import PeerError, ensure_environment, run_program
from bench.engine.peers_section import beside_ours
from bench.engine.timing import Timing

PACKAGE = Path(__file__).parents[3]
REQUIREMENTS = Path(environment.__file__).parent / "requirements.txt"


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A peer that needs no package."""
    path = tmp_path / "requirements.txt"
    path.write_text("# nothing\n")
    return path


def a_program(folder: Path, text: str) -> Path:
    path = folder / "program.py"
    path.write_text(text)
    return path


def test_an_environment_is_made_once_and_anew_when_its_requirements_change(
    tmp_path: Path, requirements: Path
) -> None:
    python = ensure_environment(tmp_path / "env", requirements)
    program = a_program(tmp_path, "import json, sys\nprint('hello')\nprint(json.dumps({'prefix': sys.prefix}))")
    assert run_program(python, program) == {"prefix": str(tmp_path / "env")}

    (tmp_path / "env" / "mark").touch()
    ensure_environment(tmp_path / "env", requirements)
    assert (tmp_path / "env" / "mark").exists()

    requirements.write_text("# still nothing\n")
    ensure_environment(tmp_path / "env", requirements)
    assert not (tmp_path / "env" / "mark").exists()


def test_an_environment_that_cannot_be_made_says_why_and_is_tried_again(
    tmp_path: Path, requirements: Path
) -> None:
    requirements.write_text("./no_such_package.whl\n")
    for _ in range(2):
        with pytest.raises(PeerError, match=r"(?s)no_such_package.*PyPI.*measure without --peers"):
            ensure_environment(tmp_path / "env", requirements)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print('no result')", "program.py printed no result, but: no result"),
        ("", "program.py printed no result, but: nothing"),
        ("raise SystemExit('it is broken')", "(?s)exit code 1:\nit is broken.*without --peers"),
    ],
)
def test_a_program_without_a_result_is_reported_with_its_output(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PeerError, match=said):
        run_program(Path(sys.executable), a_program(tmp_path, text))


def test_a_peer_is_compared_with_ours_by_the_medians() -> None:
    peer = [Timing(100, seconds, 1.2) for seconds in (2.0, 1.0, 40.0)]
    ours = [Timing(100, 0.5, 0.4)]
    assert beside_ours(peer, ours) == ("50/s", "CPU each 12.00 ms, 3.0 x ours; ours does 4.0 x as many")


def test_no_peer_is_a_dependency_of_the_package() -> None:
    peers = re.findall(r"^(dbos)==", REQUIREMENTS.read_text(), re.M)
    assert peers == ["dbos"]
    assert not re.search(r"\bdbos\b", (PACKAGE / "pyproject.toml").read_text(), re.I)


def test_the_peers_packages_have_exact_versions() -> None:
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w-]+==[\w.]+", line)] == []
