"""``devhost wipe`` empties the state folder of a stopped host, never of a running one."""

import json
from pathlib import Path

import pytest

from devhost.cli.command_line import main
from devhost.engine.database import Database


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "devhost"
    Database(folder / "TestHub.db").close()
    (folder / "timers").mkdir()
    (folder / "timers" / "tick.json").write_text("{}")
    (folder / "keys.json").write_text("{}")
    (tmp_path / "logs").mkdir()
    return tmp_path


def test_wipe_deletes_everything_but_the_keys(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wipe", "--yes", "--state-dir", str(state_dir)]) == 0
    assert [path.name for path in (state_dir / "devhost").iterdir()] == ["keys.json"]
    assert (state_dir / "logs").exists()
    assert "The next start begins afresh" in capsys.readouterr().out


def test_wipe_refuses_while_a_host_runs(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running = Database(state_dir / "devhost" / "TestHub.db")
    try:
        assert main(["wipe", "--yes", "--state-dir", str(state_dir)]) == 1
    finally:
        running.close()
    assert "Stop it first" in capsys.readouterr().err
    assert (state_dir / "devhost" / "TestHub.db").exists()
    assert (state_dir / "devhost" / "timers").exists()


def test_wipe_deletes_nothing_without_yes(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "")
    assert main(["wipe", "--state-dir", str(state_dir)]) == 1
    assert (state_dir / "devhost" / "TestHub.db").exists()


def test_wipe_asks_for_yes_where_nobody_can_be_asked(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wipe", "--state-dir", str(state_dir)]) == 1
    assert "Give --yes" in capsys.readouterr().err


def test_wipe_leaves_a_folder_alone_that_is_not_a_host_s(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "devhost").mkdir()
    (tmp_path / "devhost" / "precious.txt").write_text("mine")
    assert main(["wipe", "--yes", "--state-dir", str(tmp_path)]) == 1
    assert (tmp_path / "devhost" / "precious.txt").exists()
    assert "--state-dir" in capsys.readouterr().err


def test_wipe_lists_the_deleted_files_as_json(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wipe", "--yes", "--json", "--state-dir", str(state_dir)]) == 0
    assert json.loads(capsys.readouterr().out)["removed"][0] == "TestHub.db"
