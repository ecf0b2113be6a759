"""Why a test cannot run.

HostError
└── AzuriteUnavailable      Azurite is not installed, or does not start
"""

from devhost.functions.errors import HostError


class AzuriteUnavailable(HostError):
    """A test or a benchmark needs Azurite, and it is not installed or does not start; the text says what to do."""

    code = "azuriteUnavailable"
