"""The local parts: Azurite, the emulators and the Functions host, started, watched and stopped together.

`make run` and `make demo` are `python -m local run` and `... demo`; tests use `LocalStack` directly.
For development only. It talks to the pipeline over HTTP and imports nothing of it.
"""

from local.ports import Ports
from local.stack import LocalStack

__all__ = ["LocalStack", "Ports"]
