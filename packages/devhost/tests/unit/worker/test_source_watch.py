"""Changes of the app's own code are reported once the files are stable; other files are ignored."""

import threading
from pathlib import Path

from devhost.worker.source_watch import SourceWatcher, snapshot


def test_only_the_apps_own_python_files_are_looked_at(tmp_path: Path) -> None:
    for name in ("app.py", "part/one.py", "notes.txt", ".hidden/x.py", "node_modules/x.py", "env/lib/x.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert {Path(path).relative_to(tmp_path).as_posix() for path in snapshot(tmp_path)} == {
        "app.py",
        "part/one.py",
    }


def test_change_is_reported_and_a_failing_handler_does_not_end_the_watch(tmp_path: Path) -> None:
    changes = threading.Semaphore(0)

    def on_change() -> None:
        changes.release()
        raise ValueError("broken")

    watcher = SourceWatcher(tmp_path, on_change)
    watcher.start()
    for content in ("1", "22"):
        (tmp_path / "app.py").write_text(content)
        assert changes.acquire(timeout=10)
    watcher.stop()
