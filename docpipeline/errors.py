"""Every exception the pipeline raises on purpose.

::

    PipelineError
    ├── SettingsError             a setting is absent or wrong; names all of them at once
    ├── IllegalTransition         a document cannot move from this status to that one
    ├── DocumentFailed            a document cannot be processed: code and reason go into its record
    ├── RecordConflict            somebody else changed the record meanwhile
    ├── RecordNotFound            no record of that document, or the run has been superseded
    ├── UnreadableRow             what lies in a table is not understood: only an operator can mend it
    ├── InvalidRequest            a client's request has keys that are wrong; names all of them at once
    ├── InvalidBlobUrl            a blobUrl that is refused; says why and what is allowed
    ├── BlobUnavailable           the blob at an allowed blobUrl cannot be read
    ├── DocumentTooLarge          more bytes than MAX_DOCUMENT_MEGABYTES
    ├── TooManyPending            as many documents are in flight as MAX_PENDING_DOCUMENTS allows
    └── ServiceFault              an outside service did not do its work
        ├── ServiceUnavailable    for now: raised, so that the durable retry tries again
        │   ├── NothingSubmitted  what was sent was not taken: sending it again is not doing it twice
        │   │   └── CircuitOpen   so often of late that it is not even asked
        │   └── OperationLost     the analyze operation is gone; the next attempt submits anew
        └── ServiceRefused        for good: retrying cannot help (bad key, wrong endpoint)

An orchestrator sees an activity's exception only as text, so whatever it must decide on comes back as a value;
what is raised out of an activity is what a retry may cure.
"""


class PipelineError(Exception):
    """The root: catch it to catch everything the pipeline raises on purpose."""


class SettingsError(PipelineError):
    """One or more settings are absent or wrong; ``problems`` holds one sentence with the remedy for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        listing = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{len(problems)} setting(s) need attention (see docs/settings.md):\n{listing}")


class IllegalTransition(PipelineError):
    """A document cannot move from ``current`` to ``target``."""

    def __init__(self, document_id: str, current: str, target: str) -> None:
        self.document_id, self.current, self.target = document_id, current, target
        super().__init__(f"document '{document_id}' cannot move from {current} to {target}")


class DocumentFailed(PipelineError):
    """A document cannot be processed. ``code`` is for machines, ``reason`` a sentence for people."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(f"{code}: {reason}")


class RecordConflict(PipelineError):
    """The record changed between reading and writing, more often than we care to retry."""

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        super().__init__(f"the record of document '{document_id}' is being changed by others; try again")


class RecordNotFound(PipelineError):
    """There is no record of this document."""

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        super().__init__(f"there is no record of document '{document_id}'; was it deleted by hand?")


class UnreadableRow(PipelineError):
    """Row ``key`` of ``table`` is not understood. ``reason`` says where, and repeats nothing of what it holds."""

    def __init__(self, table: str, key: str, reason: str) -> None:
        self.table, self.key, self.reason = table, key, reason
        super().__init__(f"row '{key}' of table '{table}' cannot be read: {reason}")


class InvalidRequest(PipelineError):
    """A request that is refused. ``faults`` are the place, the kind and the wording of each, without its value."""

    def __init__(self, faults: list[tuple[tuple[str | int, ...], str, str]]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} key(s) of the request are wrong")


class InvalidBlobUrl(PipelineError):
    """A blobUrl that is refused. The message never repeats the URL, which may hold a SAS token."""


class BlobUnavailable(PipelineError):
    """The blob at an allowed blobUrl does not exist or may not be read with what was given."""


class DocumentTooLarge(PipelineError):
    """The document has more than ``limit_bytes`` bytes."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"the document is larger than the {limit_bytes} bytes that are accepted here")


class TooManyPending(PipelineError):
    """``in_flight`` documents are being processed, and ``limit`` may be."""

    def __init__(self, in_flight: int, limit: int) -> None:
        self.in_flight, self.limit = in_flight, limit
        super().__init__(
            f"{in_flight} documents are in flight; {limit} may be (MAX_PENDING_DOCUMENTS). Try again later"
        )


class ServiceFault(PipelineError):
    """An outside service did not do its work. ``service`` is its name, ``reason`` a sentence without secrets."""

    def __init__(self, service: str, reason: str) -> None:
        self.service, self.reason = service, reason
        super().__init__(f"{service}: {reason}")


class ServiceUnavailable(ServiceFault):
    """The service cannot answer now; the durable retry asks again later."""


class NothingSubmitted(ServiceUnavailable):
    """The service was not reached, or says itself that it did not take what it was sent; send it again later."""


class CircuitOpen(NothingSubmitted):
    """The service failed so often of late that it is left alone for a while."""


class OperationLost(ServiceUnavailable):
    """The analyze operation will never give a result, through no fault of the document: submit it anew."""


class ServiceRefused(ServiceFault):
    """The service will not do this, however often it is asked (bad key, wrong endpoint, wrong model)."""
