"""Changes of the app's own code are reported once the files are stable; other files are ignored."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devhost.worker import source_watch
from devhost.worker.source_watch import Snapshot, SourceWatcher

# A test that waits longer has failed.
DEADLINE_SECONDS = 20


class Watched:
    """An app that is watched, and the changes that were noticed."""

    def __init__(self, root: Path) -> None:
        self.root, self.noticed = root, threading.Semaphore(0)
        self.watcher = SourceWatcher(root, self.noticed.release)

    def write(self, name: str, text: str) -> None:
        """Write a file, in a folder that may be new."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def wait(self) -> None:
        """Wait until a change is noticed that has not been waited for."""
        assert self.noticed.acquire(timeout=DEADLINE_SECONDS)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Watched]:
    root = tmp_path / "app"
    root.mkdir()
    app = Watched(root)
    app.watcher.start()
    yield app
    app.watcher.stop()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """For changes that nobody reports: look without waiting."""
    monkeypatch.setattr(source_watch, "_LOOK_SECONDS", 0.05)


def test_only_the_apps_own_python_files_are_looked_at(tmp_path: Path) -> None:
    names = ("app.py", "part/one.py", "notes.txt", ".hidden/x.py", ".x.py", "node_modules/x.py", "env/lib/x.py")
    for name in (*names, "part/__pycache__/x.py", "pages/x.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "link").symlink_to(tmp_path / "env")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "none.py")
    found = Snapshot.of(tmp_path)
    assert {Path(path).relative_to(tmp_path).as_posix() for path in found.files} == {"app.py", "part/one.py"}
    assert {Path(path).relative_to(tmp_path).as_posix() for path in found.folders} == {".", "part", "pages"}


def test_change_is_reported_and_a_failing_handler_does_not_end_the_watch(tmp_path: Path) -> None:
    changes = threading.Semaphore(0)

    def on_change() -> None:
        changes.release()
        raise ValueError("broken")

    watcher = SourceWatcher(tmp_path, on_change)
    watcher.start()
    for content in ("1", "22"):
        (tmp_path / "app.py").write_text(content)
        assert changes.acquire(timeout=DEADLINE_SECONDS)
    watcher.stop()


def test_files_that_are_written_one_after_the_other_are_one_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a switch of branches writes them."""
    files_at_change: list[int] = []
    changed = threading.Event()

    def look_while_git_writes(root: Path) -> Snapshot:
        found = look(root)
        if 0 < len(found.files) < 4:
            (root / f"{len(found.files)}.py").write_text("")
        return found

    def on_change() -> None:
        files_at_change.append(len(look(tmp_path).files))
        changed.set()

    look = Snapshot.of
    monkeypatch.setattr(Snapshot, "of", look_while_git_writes)
    monkeypatch.setattr(source_watch, "_REST_SECONDS", 0.01)
    watcher = SourceWatcher(tmp_path, on_change)
    watcher.start()
    (tmp_path / "0.py").write_text("")
    assert changed.wait(DEADLINE_SECONDS)
    watcher.stop()
    assert files_at_change == [4]


def test_files_of_new_moved_and_removed_folders_are_noticed(hurried: None, app: Watched, tmp_path: Path) -> None:
    app.write("part/inner/one.py", "1")
    app.wait()
    app.write("part/inner/one.py", "22")
    app.wait()
    (app.root / "part").rename(tmp_path / "elsewhere")
    app.wait()
    (tmp_path / "elsewhere").rename(app.root / "again")
    app.wait()
    app.write("again/inner/one.py", "333")
    app.wait()
    app.write("again/pyvenv.cfg", "")
    app.wait()


def test_app_folder_that_is_gone_for_a_while_is_watched_again(hurried: None, app: Watched, tmp_path: Path) -> None:
    app.write("one.py", "1")
    app.wait()
    app.root.rename(tmp_path / "elsewhere")
    app.wait()
    (tmp_path / "elsewhere").rename(app.root)
    app.wait()


def test_polling_may_be_forced_where_the_system_reports_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network disk."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "20")
    monkeypatch.setattr(source_watch, "_LOOK_SECONDS", float(DEADLINE_SECONDS))
    app = Watched(tmp_path)
    app.watcher.start()
    app.write("part/one.py", "1")
    app.wait()
    app.watcher.stop()


def test_file_behind_a_link_is_noticed(hurried: None, app: Watched, tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("1")
    (app.root / "shared.py").symlink_to(tmp_path / "shared.py")
    app.wait()
    (tmp_path / "shared.py").write_text("22")
    app.wait()


@pytest.mark.parametrize(
    "error", [FileNotFoundError("OS file watch limit reached."), RuntimeError("Too many open files (os error 24)")]
)
def test_changes_are_noticed_where_the_user_has_no_watches_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hurried: None,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def refuse(*_paths: object, **_options: object) -> Iterator[object]:
        if error:
            raise error
        yield set()

    monkeypatch.setattr(source_watch, "watch", refuse)
    app = Watched(tmp_path)
    app.watcher.start()
    for text in ("1", "22"):
        app.write("one.py", text)
        app.wait()
    app.watcher.stop()
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == [
        f"The system does not report changed files ({error}). devhost looks for them every 0.05 s, which will do."
    ]


def test_name_that_is_no_text_does_not_end_the_watch(hurried: None, app: Watched) -> None:
    """Such a name makes watchfiles give up."""
    with open(os.fsencode(app.root) + b"/\xff.txt", "w"):
        pass
    for text in ("1", "22"):
        app.write("one.py", text)
        app.wait()


def test_stopped_watcher_leaves_no_thread_and_reports_nothing(tmp_path: Path) -> None:
    app = Watched(tmp_path)
    app.watcher.start()
    app.write("one.py", "1")
    app.wait()
    app.watcher.stop()
    assert "source-watcher" not in {thread.name for thread in threading.enumerate()}
    app.write("one.py", "22")
    assert not app.noticed.acquire(blocking=False)
