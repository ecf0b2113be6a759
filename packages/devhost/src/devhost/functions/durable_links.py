"""The URLs of the durable webhooks: in the client binding, and in the answers to a start."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from devhost.functions.indexing import DURABLE_CLIENT, IndexedFunction

log = logging.getLogger("devhost.host")

WEBHOOK_PATH = "/runtime/webhooks/durabletask"
INSTANCE_PLACEHOLDER = "INSTANCEID"


def durable_segment(text: str) -> str:
    """Return a text as a segment of a path of the durable API, which decodes it twice (``split_durable_path``)."""
    return quote(text.replace("%", "%25").replace("+", "%2B"), safe="@:")


@dataclass(frozen=True)
class DurableLinks:
    """Builds links for one task hub.

    Attributes:
        hub_name: The task hub, which appears in every link.
        key: System key that the links must carry, or None.
    """

    hub_name: str
    key: str | None = None

    @property
    def _query(self) -> str:
        return f"taskHub={self.hub_name}&connection=Storage{self._key_parameter('&')}"

    def _key_parameter(self, separator: str) -> str:
        return f"{separator}code={self.key}" if self.key else ""

    def management_urls(self, origin: str, instance_id: str) -> dict[str, str]:
        """All management links of an instance, as the client binding carries them.

        Args:
            origin: ``scheme://host:port`` of the links.
            instance_id: Id as it appears in a path: percent-encoded where needed.
        """
        instance, query = f"{origin}{WEBHOOK_PATH}/instances/{instance_id}", self._query
        return {
            "id": instance_id,
            "statusQueryGetUri": f"{instance}?{query}",
            "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
            "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
            "purgeHistoryDeleteUri": f"{instance}?{query}",
            "restartPostUri": f"{instance}/restart?{query}",
            "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
            "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
        }

    def check_status_body(self, origin: str, instance_id: str) -> dict[str, str]:
        """The answer to a start: links without the one for rewind, and the id as it is."""
        # As .NET encodes a form's values.
        quoted_id = quote_plus(instance_id, safe="!*()").replace("~", "%7E")
        urls = self.management_urls(origin, quoted_id)
        del urls["rewindPostUri"]
        return urls | {"id": instance_id}

    def client_binding(self, origin: str, rpc_base_url: str) -> str:
        """The JSON text that a durable client parameter receives; the SDK makes its client from it.

        Args:
            origin: Public ``scheme://host:port`` of the host.
            rpc_base_url: Base of the local RPC API; ends with a slash, since the SDK appends to it.
        """
        base = f"{origin}{WEBHOOK_PATH}"
        create, code = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]", self._key_parameter("&")
        wait = f"{create}?timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}{code}"
        binding = {
            "taskHubName": self.hub_name,
            "connectionName": None,
            "creationUrls": {
                "createNewInstancePostUri": create + self._key_parameter("?"),
                "createAndWaitOnNewInstancePostUri": wait,
            },
            "managementUrls": self.management_urls(origin, INSTANCE_PLACEHOLDER),
            "baseUrl": base,
            "requiredQueryStringParameters": self._key_parameter(""),
            "rpcBaseUrl": rpc_base_url,
            "httpBaseUrl": None,
        }
        return json.dumps(binding)


def log_ignored_hubs(functions: Iterable[IndexedFunction], hub_name: str) -> None:
    """Log each task hub or connection that a durable client names: the host has only one, so they are ignored."""
    for function in functions:
        for binding in function.bindings:
            if binding.type != DURABLE_CLIENT:
                continue
            # A generic binding of this type has no such attributes.
            requested = [(name, getattr(binding, name, None)) for name in ("task_hub", "connection_name")]
            ignored = [f'{name}="{value}"' for name, value in requested if value and value != hub_name]
            if ignored:
                text = "The durable client of %s asks for %s, which is ignored: this host has one task hub, '%s'."
                log.info(text, function.name, " and ".join(ignored), hub_name)
