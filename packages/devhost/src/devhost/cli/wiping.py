"""Empties the state folder of a stopped host."""

import shutil
from contextlib import ExitStack, closing
from pathlib import Path

from devhost.cli.errors import NothingDone
from devhost.engine.database import take_lease
from devhost.engine.errors import DatabaseInUse

# Keys stay, so that scripts with those keys still work.
_KEPT = "keys.json"


def wipe(state_dir: Path) -> list[str]:
    """Delete all instances, entities and timer records of a stopped host.

    Args:
        state_dir: The host's state folder; only ``devhost/`` in it is touched.

    Returns:
        The names of what was deleted.

    Raises:
        NothingDone: A host runs on the folder, or it holds no host's state.
    """
    folder = state_dir / "devhost"
    databases = sorted(folder.glob("*.db"))
    if not databases:
        raise NothingDone(f"{folder} holds no state of a host. Say where it is with --state-dir (or STATE_DIR).")
    with ExitStack() as leases:
        for database in databases:
            try:
                # Held until all is deleted, so that no host starts in between.
                leases.enter_context(closing(take_lease(database)))
            except DatabaseInUse as error:
                raise NothingDone(
                    f"A host runs on {state_dir}. Stop it first (Ctrl-C where it runs); nothing was deleted."
                ) from error
        paths = [path for path in sorted(folder.iterdir()) if path.name != _KEPT]
        for path in paths:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return [path.name for path in paths]
