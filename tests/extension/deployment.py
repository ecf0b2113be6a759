"""A deployment of changed code: a copy of the app with another version, whose instances take other steps."""

import json
import shutil
from pathlib import Path

from local.stack import ROOT

NEW_VERSION = "99.0"
MARK = "changedCode"
"""In the output of a review that was approved by the changed code, whatever the version of its instance."""

_FOLDERS = ("activities", "docpipeline", "entities", "orchestrators", "triggers")
_FILES = ("function_app.py", "host.json", "local.settings.json")
_FIRST_STEP = "        examination = yield from steps.examine(run)\n"
_APPROVED = "return (yield from steps.store_and_notify(run, examination, FinalDecision.APPROVED_WITH_REVIEW))"


def current_version(app: Path = ROOT) -> str:
    """The version that new instances of an app get."""
    version: str = json.loads((app / "host.json").read_text())["extensions"]["durableTask"]["defaultVersion"]
    return version


def changed_app(folder: Path) -> Path:
    """Make the copy, in which instances of the new version begin with a step that older ones never had."""
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, folder / name)
    version = f'"defaultVersion": "{current_version()}"'
    _edit(folder / "host.json", version, f'"defaultVersion": "{NEW_VERSION}"')
    process = folder / "orchestrators" / "document_processing.py"
    new_step = f'        if context.version == "{NEW_VERSION}":\n            yield context.create_timer(run.now)\n'
    _edit(process, _FIRST_STEP, new_step + _FIRST_STEP)
    marked = f'return {{**{_APPROVED.removeprefix("return ")}, "{MARK}": True}}'
    _edit(process, _APPROVED, marked)
    return folder


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} has not, or not once: {old}"
    file.write_text(text.replace(old, new))
