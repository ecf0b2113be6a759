"""What a test asks of the extension besides what the page shows: to start instances, and to signal entities."""

from devhost.engine.errors import StartRefused
from devhost.extension.instances import ExtensionInstances, json_of, message_of, path_of
from devhost.functions.durable_links import durable_segment


class ExtensionClient(ExtensionInstances):
    """Instances and entities of the extension's task hub, which can be started and signalled too."""

    def start(self, name: str, instance_id: str | None, raw_input: str | None) -> str:
        """Start an instance and return its id.

        Args:
            name: the orchestrator's name.
            instance_id: the id; default: one that the extension makes.
            raw_input: JSON text, or None.

        Raises:
            StartRefused: a bad id, or that of an instance that has not ended.
        """
        path = path_of("orchestrators", name) + (f"/{durable_segment(instance_id)}" if instance_id else "")
        answer = self._send("POST", path, {}, body=raw_input)
        if answer.status_code != 202:
            raise StartRefused(message_of(answer))
        return str(answer.json()["id"])

    def entity_state(self, name: str, key: str) -> str | None:
        """Return an entity's state as JSON text; None if the entity does not exist."""
        answer = self._send("GET", _entity(name, key), {})
        if answer.status_code == 404:
            return None
        json_of(answer)
        return answer.text

    def signal_entity(self, name: str, key: str, operation: str, raw_input: str | None) -> None:
        """Signal an entity; `raw_input` is JSON text, or None. Raises StartRefused where it is not accepted."""
        answer = self._send("POST", _entity(name, key), {"op": operation}, body=raw_input)
        if answer.status_code >= 400:
            raise StartRefused(message_of(answer))


def _entity(name: str, key: str) -> str:
    return f"{path_of('entities', name)}/{durable_segment(key)}"
