"""How a host is to be run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Engine = Literal["devhost", "extension"]


@dataclass(frozen=True)
class HostOptions:
    """How to run the host.

    Attributes:
        app_path: Folder that holds function_app.py, or the script itself.
        state_dir: Folder under which ``devhost/`` holds everything the host writes.
        port: Public port; 0 picks a free one.
        rpc_port: Port of the durable RPC API; another is taken if it is in use.
        enable_auth: Whether requests need keys.
        virtual_clock: Whether tests may advance the time.
        grace_seconds: How long running functions may take to end when the host stops.
        workers: How many worker processes run functions; 0 runs them in the host's process, None takes the
            setting FUNCTIONS_WORKER_PROCESS_COUNT, or 1.
        reload: Whether ``reload`` will be called; it needs a worker, so there is at least one.
        strict: Whether an app is refused if one of its functions cannot run here.
        engine: ``devhost`` for the host's own durable engine, ``extension`` for Microsoft's.
    """

    app_path: Path
    state_dir: Path
    port: int = 7071
    rpc_port: int = 17071
    enable_auth: bool = False
    virtual_clock: bool = False
    grace_seconds: float = 10.0
    workers: int | None = None
    reload: bool = False
    strict: bool = False
    engine: Engine = "devhost"
