"""Finds the connection string that a binding's ``connection`` names."""

from collections.abc import Mapping

from devhost.functions.errors import HostConfigError

DEFAULT_CONNECTION = "AzureWebJobsStorage"
_EXAMPLE = '"UseDevelopmentStorage=true" for Azurite on its usual ports'


def connection_string(connection: str | None, settings: Mapping[str, str]) -> str:
    """Look up a connection among the app settings: its own name, or with ``AzureWebJobs`` in front.

    Raises HostConfigError if there is none, if it is empty, or if it is one without a secret (``__accountName``),
    which needs an identity in Azure.
    """
    name = connection or DEFAULT_CONNECTION
    known = {key.lower(): value for key, value in settings.items()}
    for candidate in (name, f"AzureWebJobs{name}"):
        if value := known.get(candidate.lower()):
            return value
    prefix = f"{name}__".lower()
    if parts := sorted(key for key in settings if key.lower().startswith(prefix)):
        raise HostConfigError(
            f'the connection "{name}" is given by {", ".join(parts)}, which asks for an identity in Azure; the '
            f"local host needs a connection string. Set {name} under Values in local.settings.json, to {_EXAMPLE}."
        )
    raise HostConfigError(
        f'the connection "{name}" is not set. Add {name} with a connection string under Values in '
        f"local.settings.json, such as {_EXAMPLE}."
    )
