"""Everything the engine refuses or fails with.

DurableEngineError
├── OptionsError            host.json asks for something impossible
├── DatabaseInUse           another host owns the database file
├── DatabaseClosed          the engine was stopped while this was going on
├── DatabaseTooNew          a later version of devhost wrote the database
├── DatabaseUnusable        disk full, no permission, locked by a tool, not a database, ...
├── DidNotSettle            the engine was still at work when a wait for quiescence ended
└── RequestRefused          a client's request; has the HTTP status of the durable API
    ├── StartRefused        400 or 500: the text goes out as ExceptionMessage
    ├── InvalidRequest      400
    ├── InstanceNotFound    404
    ├── InstanceFinished    410: it is Completed, Failed, Terminated or Canceled
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
        http_status: the status code of the answer.
        message: the text of the answer.
    """

    code = "requestRefused"

    http_status: int = 400

    def __init__(self, message: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if http_status is not None:
            self.http_status = http_status


class StartRefused(RequestRefused):
    """An instance cannot be started: unknown name or bad id (400), or the id is taken by a live instance (500)."""

    code = "startRefused"


class InvalidRequest(RequestRefused):
    """The request itself is wrong (400)."""

    code = "invalidRequest"


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


class WrongState(RequestRefused):
    """The operation does not apply to the state the instance is in (500)."""

    code = "wrongState"

    http_status = 500
