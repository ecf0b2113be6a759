"""A host of this folder's app as a process of its own; a module's tests share one."""

from pathlib import Path

from tests.end_to_end.devhost_process import DevhostProcess

FUNCTIONS_APP = Path(__file__).parent / "functions_app"


def functions_host(folder: Path, *options: str) -> DevhostProcess:
    """Start a host of the app; functions without an answer leave their lines in the folder."""
    return DevhostProcess(folder, *options, app=FUNCTIONS_APP)
