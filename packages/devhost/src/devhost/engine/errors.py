"""Everything the engine refuses or fails with.

DurableEngineError
├── OptionsError            host.json asks for something impossible
├── DatabaseInUse           another host owns the database file
├── DatabaseClosed          the engine was stopped while this was going on
├── DatabaseTooNew          a later version of devhost wrote the database
├── DatabaseUnusable        disk full, no permission, locked by a tool, not a database, ...
├── DidNotSettle            the engine was still at work when a wait for quiescence ended
└── RequestRefused          a client's request; has the HTTP status of the durable API
    ├── StartRefused        400: no such input
    │   └── BadInstanceId   400: no such id
    ├── InstanceExists      409: the id is taken by a live instance
    ├── RestartRefused      409: so is that of the one to be restarted
    ├── NothingToRestart    400
    ├── InvalidRequest      400
    │   ├── UnsupportedContent
    │   ├── BadEntityKey    400: no such key
    │   └── InvalidJson
    ├── StorageFailed       500: what Azure Storage refuses
    ├── InstanceNotFound    404
    ├── InstanceFinished    410: it is Completed, Failed, Terminated or Canceled
    ├── NotInRightState     412: purge of what has not ended, rewind of what has not failed
    ├── NothingToRewind     404
    └── WrongState          500: for example resume of an instance that is not suspended
"""


class DurableEngineError(Exception):
    """Root of the engine's errors."""

    code: str = "durableEngineError"


class OptionsError(DurableEngineError):
    """A value of host.json cannot be used; the text names it and the form it takes."""

    code = "optionsError"


class DatabaseInUse(DurableEngineError):
    """Another running host owns the database."""

    code = "databaseInUse"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The database {path} is in use by another running host. "
            "Stop that host, or give this one a folder of its own with --state-dir."
        )


class DatabaseClosed(DurableEngineError):
    """The engine has been stopped; its database accepts nothing more."""

    code = "databaseClosed"


class DatabaseTooNew(DurableEngineError):
    """The database's schema is newer than this code."""

    code = "databaseTooNew"

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"The database {path} has schema version {found}, but this devhost knows versions up to {known}. "
            "Update devhost, or delete the file to start afresh."
        )


class DatabaseUnusable(DurableEngineError):
    """The file cannot be read or written now; the text says why and what to do about it."""

    code = "databaseUnusable"

    def __init__(self, path: str, cause: Exception) -> None:
        super().__init__(f"The database {path} cannot be used: {cause}. {_remedy(str(cause))}")


def _remedy(cause: str) -> str:
    if "full" in cause:
        return "Free some space on the disk; what waits goes on by itself."
    if "locked" in cause:
        return "End what else writes to the file; what waits goes on by itself."
    if "not a database" in cause or "malformed" in cause:
        return (
            "Move the file and its -wal away to start afresh, or give the host another folder with --state-dir; "
            "sqlite3's .recover saves what can still be read."
        )
    return "Give the host a folder that it can write to, with --state-dir."


class DidNotSettle(DurableEngineError):
    """Work was still running when the deadline of a wait had passed; the text lists it."""

    code = "didNotSettle"


class RequestRefused(DurableEngineError):
    """A request that the durable API answers with an error.

    Attributes:
        http_status: the status code of the answer; that of the class unless one is given.
        exception_type: the name under which .NET knows the error; None if the answer names none.
        message: the text of the error.
        summary: what the answer says before it; None for what belongs to the status code.
    """

    code = "requestRefused"

    http_status: int = 400
    exception_type: str | None = "System.ArgumentException"
    summary: str | None = None

    def __init__(self, message: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.http_status = http_status or self.http_status


class StartRefused(RequestRefused):
    """An instance cannot be started with this input (400)."""

    code = "startRefused"


class BadInstanceId(StartRefused):
    """An instance cannot have this id (400)."""

    code = "badInstanceId"


class InstanceExists(RequestRefused):
    """A live instance has the id (409); the answer holds the text and nothing else."""

    code = "instanceExists"

    http_status = 409
    exception_type = None


class RestartRefused(RequestRefused):
    """An instance cannot be restarted under its id, since it lives (409)."""

    code = "restartRefused"

    http_status = 409
    exception_type = "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException"
    summary = "A non-terminal instance with this instance ID already exists."


class NothingToRestart(RequestRefused):
    """No instance has the id under which one is to be restarted (400)."""

    code = "nothingToRestart"

    summary = "InstanceId does not match a valid orchestration instance."

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"No instance with ID '{instance_id}' was found. (Parameter 'instanceId')")


class InvalidRequest(RequestRefused):
    """The request itself is wrong (400)."""

    code = "invalidRequest"

    def __init__(self, message: str, summary: str | None = None) -> None:
        super().__init__(message)
        self.summary = summary or message


class UnsupportedContent(InvalidRequest):
    """The body is of a kind that is not read (400); the answer holds the text and nothing else."""

    code = "unsupportedContent"

    exception_type = None


class BadEntityKey(InvalidRequest):
    """No entity can have this key (400); the answer holds the text and nothing else."""

    code = "badEntityKey"

    exception_type = None

    def __init__(self) -> None:
        # The extension's words.
        super().__init__(
            "entityKey (Parameter 'Entity keys must not contain /, \\, #, ?, or control characters.')"
        )


class InvalidJson(InvalidRequest):
    """The body is no JSON (400)."""

    code = "invalidJson"

    exception_type = "Newtonsoft.Json.JsonReaderException"

    def __init__(self, message: str = "Invalid JSON content") -> None:
        super().__init__(message, "Invalid JSON content")


class StorageFailed(RequestRefused):
    """Azure Storage would not understand the query (500)."""

    code = "storageFailed"

    http_status = 500
    exception_type = "DurableTask.AzureStorage.Storage.DurableTaskStorageException"


class InstanceNotFound(RequestRefused):
    """No instance has this id (404)."""

    code = "instanceNotFound"

    http_status = 404

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"No instance with ID '{instance_id}' was found.")


class InstanceFinished(RequestRefused):
    """The instance has ended and takes no more messages (410)."""

    code = "instanceFinished"

    http_status = 410

    def __init__(self, instance_id: str, status: str) -> None:
        super().__init__(f"The instance '{instance_id}' is {status} and takes no more messages.")


class NotInRightState(RequestRefused):
    """The operation is for instances in another state (412); the answer is the text alone."""

    code = "notInRightState"

    http_status = 412


class NothingToRewind(RequestRefused):
    """No instance has the id that is to be rewound (404); the answer is the text alone."""

    code = "nothingToRewind"

    http_status = 404

    def __init__(self, instance_id: str) -> None:
        # The dollar sign is the extension's.
        super().__init__(f'No orchestration with instance ID "${instance_id}" found.')


class WrongState(RequestRefused):
    """The operation does not apply to the state the instance is in (500)."""

    code = "wrongState"

    http_status = 500
    exception_type = "System.InvalidOperationException"
