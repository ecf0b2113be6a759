"""The identity that the app has in Azure, where no key or connection string is given."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential


class AppIdentity:
    """One credential for all clients, so that they share its tokens. It is made at first use."""

    def __init__(self) -> None:
        self._credential: DefaultAzureCredential | None = None

    def credential(self) -> "DefaultAzureCredential":
        """The credential that clients are built with."""
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential

            self._credential = DefaultAzureCredential()
        return self._credential

    async def close(self) -> None:
        """Close the connections."""
        if self._credential is not None:
            await self._credential.close()
            self._credential = None
