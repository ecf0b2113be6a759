"""The errors of commands; every text includes a remedy.

ToolError
├── HostNotRunning       nothing answers at the URL
├── KeyNeeded            the host asks for keys, and the one given is missing or wrong
├── NotADevhost          something else answers
├── UnknownInstance      no instance has the id
├── NotAnInstance        the id is an entity's
├── InstanceEnded        the instance has ended and takes no more messages
├── RequestFailed        the host refused for another reason, which it gave
└── NothingDone          the command itself refuses
"""

from urllib.parse import quote


class ToolError(Exception):
    """Root of the errors of commands; its text is all that is printed."""

    code: str = "toolError"


class HostNotRunning(ToolError):
    """Nothing answers at the URL."""

    code = "hostNotRunning"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"No host answers at {url}. Start it with `devhost start`, or say where it runs with --url (or PORT)."
        )


class KeyNeeded(ToolError):
    """The host asks for keys."""

    code = "keyNeeded"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The host at {url} asks for its master key. Give it with --key or in DEVHOST_KEY; "
            "the host prints it at its start, and it is in devhost/keys.json of its state folder."
        )


class NotADevhost(ToolError):
    """Something else answers."""

    code = "notADevhost"

    def __init__(self, url: str) -> None:
        super().__init__(f"What answers at {url} is not this version of devhost. Check --url (or PORT).")


class UnknownInstance(ToolError):
    """No instance has the id."""

    code = "unknownInstance"

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"No instance has the id '{instance_id}'; ids are case-sensitive. `devhost list` shows all."
        )


class NotAnInstance(ToolError):
    """The id has the form of an entity's, ``@name@key``."""

    code = "notAnInstance"

    def __init__(self, instance_id: str, url: str) -> None:
        entity = "/".join(quote(part) for part in instance_id.split("@", 2)[1:])
        super().__init__(
            f"'{instance_id}' is the id of an entity, and this is for instances. {url}/devhost/entities shows "
            f"entities; GET {url}/runtime/webhooks/durabletask/entities/{entity} answers its state."
        )


class InstanceEnded(ToolError):
    """The instance takes no more messages."""

    code = "instanceEnded"

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"The instance '{instance_id}' has ended and takes no more messages. "
            f"`devhost show {instance_id}` shows how."
        )


class RequestFailed(ToolError):
    """The host refused, and said why."""

    code = "requestFailed"


class NothingDone(ToolError):
    """The command refuses to run; nothing has changed."""

    code = "nothingDone"
