"""Why the host cannot run, or run on, with the durable extension.

HostError
├── ExtensionUnavailable    it cannot be started: no program, no storage account, an option that it refuses
└── ExtensionEnded          its process has ended by itself
"""

from devhost.functions.errors import HostError


class ExtensionUnavailable(HostError):
    """The durable extension cannot be started; the text says what to do."""

    code = "extensionUnavailable"


class ExtensionEnded(HostError):
    """The process of the durable extension has ended by itself, and without it the host can do no durable work."""

    code = "extensionEnded"
