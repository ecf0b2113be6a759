"""The files of the repository: those that are or would be committed. Works without git."""

import os
from functools import cache
from pathlib import Path

import pathspec

ROOT = Path(__file__).parents[2]


@cache
def repository_files() -> tuple[str, ...]:
    """Every file that `.gitignore` lets through, as paths from the root with slashes, sorted."""
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text().splitlines())
    found = []
    for folder, subfolders, names in os.walk(ROOT):
        inside = Path(folder).relative_to(ROOT).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        subfolders[:] = [
            name for name in subfolders if name != ".git" and not ignored.match_file(f"{prefix}{name}/")
        ]
        # A worktree's `.git` is a file.
        found += [
            f"{prefix}{name}" for name in names if name != ".git" and not ignored.match_file(f"{prefix}{name}")
        ]
    return tuple(sorted(found))
