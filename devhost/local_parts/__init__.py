"""The local parts: Azurite, the emulators and the Functions host, started, watched and stopped together.

`make run` and `make demo` are `python -m devhost.local_parts run` and `... demo`; tests use `LocalStack` directly.
Development tooling: it speaks to the pipeline over HTTP only and imports nothing of it.
"""

from devhost.local_parts.ports import Ports
from devhost.local_parts.stack import LocalStack

__all__ = ["LocalStack", "Ports"]
