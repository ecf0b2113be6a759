"""Every exception the pipeline raises on purpose.

::

    PipelineError
    ├── SettingsError             a setting is absent or wrong; names all of them at once
    ├── IllegalTransition         a document cannot move from this status to that one
    ├── DocumentFailed            a document cannot be processed: code and reason go into its record
    ├── RecordConflict            somebody else changed the record meanwhile
    ├── RecordNotFound            no record of that document, or the run has been superseded
    ├── DocumentConflict          what is asked for does not fit what is known of the document
    │   ├── DocumentInProgress    it cannot be processed again before it has ended
    │   ├── AnotherUsersDocument  somebody else sent a document under its id
    │   ├── OtherContentKnown     its id stands for other content
    │   ├── IdempotencyKeyUsed    the key stands for another document
    │   ├── NotAwaitingReview     there is nothing to decide
    │   ├── DecidedAlready        somebody decided otherwise
    │   └── ReviewOver            too late to decide
    ├── OwnDocument               its submitter may not review it
    ├── UnreadableRow             what lies in a table is not understood: only an operator can mend it
    ├── InvalidRequest            a client's request has keys that are wrong; names all of them at once
    ├── InvalidBlobUrl            a blobUrl that is refused; says why and what is allowed
    ├── BlobUnavailable           the blob at an allowed blobUrl cannot be read
    ├── UnsupportedContent        content that begins as nothing we accept
    ├── DocumentTooLarge          more bytes than MAX_DOCUMENT_MEGABYTES
    ├── InstanceGone              an instance that takes no more events
    ├── ReceiverAway              an end that is counted could not be announced
    ├── TooManyPending            as many documents are in flight as MAX_PENDING_DOCUMENTS allows
    ├── UnexpectedFault           an exception that is not of this tree, without its text
    └── ServiceFault              an outside service did not do its work
        ├── ServiceUnavailable    for now: raised, so that the durable retry tries again
        │   ├── NothingSubmitted  what was sent was not taken: sending it again is not doing it twice
        │   │   └── CircuitOpen   so often of late that it is not even asked
        │   └── OperationLost     the analyze operation is gone; the next attempt submits anew
        └── ServiceRefused        for good: retrying cannot help (bad key, wrong endpoint)

Each class has a ``code`` for logs and tools, which stays when a class is renamed; docs/operations.md lists them.
Of a ``DocumentFailed`` it is the code that goes into the document's record.

An orchestrator sees an activity's exception only as text, so whatever it must decide on comes back as a value;
what is raised out of an activity is what a retry may cure.
"""


class PipelineError(Exception):
    """The root: catch it to catch everything the pipeline raises on purpose."""

    code: str = "pipelineError"

    def __init_subclass__(cls, *, code: str) -> None:
        cls.code = code
        super().__init_subclass__()


class SettingsError(PipelineError, code="settingsError"):
    """One or more settings are absent or wrong; ``problems`` holds one sentence with the remedy for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        listing = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{len(problems)} setting(s) need attention (see docs/settings.md):\n{listing}")


class IllegalTransition(PipelineError, code="illegalTransition"):
    """A document cannot move from ``current`` to ``target``."""

    def __init__(self, document_id: str, current: str, target: str) -> None:
        self.document_id, self.current, self.target = document_id, current, target
        super().__init__(f"document '{document_id}' cannot move from {current} to {target}")


class DocumentFailed(PipelineError, code="documentFailed"):
    """A document cannot be processed. ``code`` is for machines, ``reason`` a sentence for people."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(f"{code}: {reason}")


class RecordConflict(PipelineError, code="recordConflict"):
    """The record changed between reading and writing, more often than we care to retry."""

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        super().__init__(f"the record of document '{document_id}' is being changed by others; try again")


class RecordNotFound(PipelineError, code="recordNotFound"):
    """There is no record of this document."""

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        super().__init__(f"there is no record of document '{document_id}'; was it deleted by hand?")


class DocumentConflict(PipelineError, code="documentConflict"):
    """What is asked for does not fit what is known of document ``document_id``."""

    def __init__(self, document_id: str, reason: str) -> None:
        self.document_id = document_id
        super().__init__(reason)


class DocumentInProgress(DocumentConflict, code="documentInProgress"):
    """A document that is to be processed again has not ended; ``status`` is where it stands."""

    def __init__(self, document_id: str, status: str) -> None:
        self.status = status
        super().__init__(
            document_id,
            f"document '{document_id}' is being processed ({status}). Process it again when it has ended",
        )


class AnotherUsersDocument(DocumentConflict, code="anotherUsersDocument"):
    """The document's id was taken by another user's document."""

    def __init__(self, document_id: str) -> None:
        super().__init__(
            document_id,
            f"document '{document_id}' was sent by another user. Send yours under another documentId",
        )


class OtherContentKnown(DocumentConflict, code="otherContentKnown"):
    """The document's id stands for other content of the same user."""

    def __init__(self, document_id: str) -> None:
        super().__init__(
            document_id,
            f"document '{document_id}' is known with other content. Send this content under another documentId",
        )


class IdempotencyKeyUsed(DocumentConflict, code="idempotencyKeyUsed"):
    """The idempotency key stands for another document, ``document_id``."""

    def __init__(self, document_id: str) -> None:
        super().__init__(
            document_id,
            f"this Idempotency-Key was used for document '{document_id}'. Use a new key for another",
        )


class NotAwaitingReview(DocumentConflict, code="notAwaitingReview"):
    """A decision on a document that waits for none; ``status`` is where it stands."""

    def __init__(self, document_id: str, status: str, has_ended: bool) -> None:
        self.status = status
        state = "has ended already" if has_ended else "waits for no review"
        super().__init__(document_id, f"document '{document_id}' {state}: its status is {status}")


class DecidedAlready(DocumentConflict, code="decidedAlready"):
    """A decision on a document that ``reviewer`` decided before, and otherwise."""

    def __init__(self, document_id: str, reviewer: str | None) -> None:
        self.reviewer = reviewer
        super().__init__(document_id, f"document '{document_id}' was decided already, by {reviewer}")


class ReviewOver(DocumentConflict, code="reviewOver"):
    """A decision on a document whose review has ended."""

    def __init__(self, document_id: str) -> None:
        super().__init__(document_id, f"it is too late to decide document '{document_id}': its review has ended")


class OwnDocument(PipelineError, code="ownDocument"):
    """A decision by the document's submitter, where four eyes are asked for."""

    def __init__(self) -> None:
        super().__init__("a document is reviewed by somebody else than its submitter")


class UnreadableRow(PipelineError, code="unreadableRow"):
    """Row ``key`` of ``table`` is not understood. ``reason`` says where, and repeats nothing of what it holds."""

    def __init__(self, table: str, key: str, reason: str) -> None:
        self.table, self.key, self.reason = table, key, reason
        super().__init__(f"row '{key}' of table '{table}' cannot be read: {reason}")


class InvalidRequest(PipelineError, code="invalidRequest"):
    """A request that is refused. ``faults`` are the place, the kind and the wording of each, without its value."""

    def __init__(self, faults: list[tuple[tuple[str | int, ...], str, str]]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} key(s) of the request are wrong")


class InvalidBlobUrl(PipelineError, code="invalidBlobUrl"):
    """A blobUrl that is refused. The message never repeats the URL, which may hold a SAS token."""


class BlobUnavailable(PipelineError, code="blobUnavailable"):
    """The blob at an allowed blobUrl does not exist or may not be read with what was given."""


class UnsupportedContent(PipelineError, code="unsupportedContent"):
    """Content that begins as none of the types in ``accepted`` does."""

    def __init__(self, accepted: tuple[str, ...]) -> None:
        self.accepted = accepted
        super().__init__(f"the content does not begin as any of {', '.join(accepted)} does")


class DocumentTooLarge(PipelineError, code="documentTooLarge"):
    """The document has more than ``limit_bytes`` bytes."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"the document is larger than the {limit_bytes} bytes that are accepted here")


class InstanceGone(PipelineError, code="instanceGone"):
    """The instance is not there or has ended: it takes no more events."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        super().__init__(f"instance '{instance_id}' is not there or has ended")


class ReceiverAway(PipelineError, code="receiverAway"):
    """An end that is counted could not be announced; ``fault`` says why."""

    def __init__(self, fault: "ServiceFault") -> None:
        self.fault = fault
        super().__init__(str(fault))


class TooManyPending(PipelineError, code="tooManyPending"):
    """``in_flight`` documents are being processed, and ``limit`` may be."""

    def __init__(self, in_flight: int, limit: int) -> None:
        self.in_flight, self.limit = in_flight, limit
        super().__init__(
            f"{in_flight} documents are in flight; {limit} may be (MAX_PENDING_DOCUMENTS). Try again later"
        )


class UnexpectedFault(PipelineError, code="unexpectedFault"):
    """An exception of type ``kind`` that is not ours. Its text is left out: it may quote a document or a key."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"{kind}; its text is left out, and its stack in the log shows where it was raised")


class ServiceFault(PipelineError, code="serviceFault"):
    """An outside service did not do its work. ``service`` is its name, ``reason`` a sentence without secrets."""

    def __init__(self, service: str, reason: str) -> None:
        self.service, self.reason = service, reason
        super().__init__(f"{service}: {reason}")


class ServiceUnavailable(ServiceFault, code="serviceUnavailable"):
    """The service cannot answer now; the durable retry asks again later."""


class NothingSubmitted(ServiceUnavailable, code="nothingSubmitted"):
    """The service was not reached, or says itself that it did not take what it was sent; send it again later."""


class CircuitOpen(NothingSubmitted, code="circuitOpen"):
    """The service failed so often of late that it is left alone for a while."""


class OperationLost(ServiceUnavailable, code="operationLost"):
    """The analyze operation will never give a result, through no fault of the document: submit it anew."""


class ServiceRefused(ServiceFault, code="serviceRefused"):
    """The service will not do this, however often it is asked (bad key, wrong endpoint, wrong model)."""


def content_free(error: Exception) -> PipelineError:
    """Make the form of an error in which it may leave the app; raise it ``from None``.

    The host writes the text and the causes of what a function raises to history, log and telemetry. A cause is
    somebody else's exception, which may quote a document, a URL with a SAS, or what a service answered. The stack
    stays: it quotes code only.
    """
    shown = error if isinstance(error, PipelineError) else UnexpectedFault(type(error).__name__)
    shown.__cause__, shown.__suppress_context__ = None, True
    return shown.with_traceback(error.__traceback__)
