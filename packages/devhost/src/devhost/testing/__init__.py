"""For the tests of an app: real orchestrators on the real engine, in time that moves when told to.

The pytest plugin makes such hosts as the fixture ``orchestration_host``. Where plugins are not loaded by
themselves, import it from here into conftest.py.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devhost.testing.host import OrchestrationTestHost
    from devhost.testing.pytest_plugin import orchestration_host

__all__ = ["OrchestrationTestHost", "orchestration_host"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    Every run of pytest in the environment loads the plugin, and with it this module; most need no engine. And
    ``OrchestrationTestHost`` works without pytest.
    """
    if name == "OrchestrationTestHost":
        from devhost.testing.host import OrchestrationTestHost

        return OrchestrationTestHost
    if name == "orchestration_host":
        from devhost.testing.pytest_plugin import orchestration_host

        return orchestration_host
    raise AttributeError(f"module 'devhost.testing' has no attribute '{name}'")
