"""For the tests of an app: real orchestrators on the real engine, with a clock that the test moves.

The pytest plugin makes such hosts as the fixture ``orchestration_host``. Where plugins are not loaded by
themselves, import it from here into conftest.py.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devhost.engine.options import EngineOptions
    from devhost.testing.azurite import Azurite, azurite_command, free_ports, running_azurite
    from devhost.testing.errors import AzuriteUnavailable
    from devhost.testing.extension import NO_EXTENSION, has_extension
    from devhost.testing.host import OrchestrationTestHost
    from devhost.testing.pytest_plugin import orchestration_host
    from devhost.testing.replays import HistoryReplayer, ReplayedHistory

__all__ = [
    "NO_EXTENSION",
    "Azurite",
    "AzuriteUnavailable",
    "EngineOptions",
    "HistoryReplayer",
    "OrchestrationTestHost",
    "ReplayedHistory",
    "azurite_command",
    "free_ports",
    "has_extension",
    "orchestration_host",
    "running_azurite",
]

_MODULES = {
    "EngineOptions": "devhost.engine.options",
    "NO_EXTENSION": "devhost.testing.extension",
    "Azurite": "devhost.testing.azurite",
    "AzuriteUnavailable": "devhost.testing.errors",
    "azurite_command": "devhost.testing.azurite",
    "free_ports": "devhost.testing.azurite",
    "running_azurite": "devhost.testing.azurite",
    "has_extension": "devhost.testing.extension",
    "OrchestrationTestHost": "devhost.testing.host",
    "HistoryReplayer": "devhost.testing.replays",
    "ReplayedHistory": "devhost.testing.replays",
    "orchestration_host": "devhost.testing.pytest_plugin",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    Every run of pytest in the environment loads the plugin, and with it this module; most need no engine. And
    all but the fixture works without pytest.
    """
    if name not in _MODULES:
        raise AttributeError(f"module 'devhost.testing' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)
