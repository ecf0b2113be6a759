"""Files and folders for their owner alone, new and existing ones, whatever the umask is.

State holds keys and contents of documents. Permissions are only ever removed: a read-only file stays read-only.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path) -> Path:
    """Make a folder, or close it and all that lies in it to others. Links are left alone. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _close_to_others(folder)
    for path in folder.rglob("*"):
        # Another process may tidy up meanwhile.
        with suppress(FileNotFoundError):
            if not path.is_symlink():
                _close_to_others(path)
    return folder


def private_file(path: Path) -> Path:
    """Make an empty file, or close the one that is there to others. Raises OSError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # Not opened, because closing it would drop all locks of this process on it.
        _close_to_others(path)
    return path


def private_database(path: Path) -> Path:
    """Do the same for an SQLite file; SQLite gives later files beside it the same permissions. Raises OSError."""
    for suffix in ("-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + suffix)
        with suppress(FileNotFoundError):
            _close_to_others(beside)
    return private_file(path)


def write_private(path: Path, text: str) -> None:
    """Put a text into a file; a reader sees the old or the new text, never a part. Raises OSError."""
    draft = path.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    private_file(draft).write_text(text, encoding="utf-8")
    os.replace(draft, path)


def _close_to_others(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        path.chmod(mode & ~_OTHERS)
