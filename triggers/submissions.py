"""Reading and checking a ``POST /documents`` in both of its forms."""

from typing import Annotated

import azure.functions as func
from pydantic import AfterValidator, ConfigDict, Field, StrictStr

from docpipeline.errors import DocumentTooLarge
from docpipeline.incoming import BlobReference, Upload
from docpipeline.intake import Submission
from docpipeline.models.documents import MAX_FILE_NAME, Priority
from docpipeline.models.instance_ids import problem_with_id
from docpipeline.models.outside_text import control_in, problem_with_name
from docpipeline.models.payload import RequestBody
from docpipeline.models.record_limits import MOST_METADATA_UNITS, stored_json, utf16_units
from docpipeline.settings import Settings
from triggers import content_types
from triggers.http_answers import read_json_object
from triggers.problem_details import ProblemError, invalid_field, invalid_fields

JSON = "application/json"
MAX_IDEMPOTENCY_KEY = 200


def _checked_id(value: str) -> str:
    problem = problem_with_id(value)
    if problem:
        raise ValueError(problem)
    return value


def _without_control(text: str) -> str:
    control = control_in(text)
    if control:
        raise ValueError(f"must not contain control characters, and holds {control}")
    return text


def _checked_size(metadata: dict[str, str]) -> dict[str, str]:
    """``metadata``, unless it leaves too little room in the record for the fields that are added later."""
    units = utf16_units(stored_json(metadata))
    if units > MOST_METADATA_UNITS:
        raise ValueError(
            f"must take at most {MOST_METADATA_UNITS} UTF-16 units as JSON, and takes {units}: that is"
            f" {units - MOST_METADATA_UNITS} too many (an emoji, a quotation mark and a backslash take two each)"
        )
    return metadata


Identifier = Annotated[StrictStr, AfterValidator(_checked_id)]
MetadataKey = Annotated[StrictStr, Field(min_length=1, max_length=64), AfterValidator(_without_control)]
MetadataValue = Annotated[StrictStr, Field(max_length=500), AfterValidator(_without_control)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=20), AfterValidator(_checked_size)]


class DocumentReference(RequestBody):
    """The JSON form: a document that is in blob storage already."""

    model_config = ConfigDict(validate_by_name=False)

    document_id: Identifier | None = None
    blob_url: StrictStr = Field(min_length=1, max_length=4096, repr=False)
    """May hold a SAS: never log it or answer with it."""
    user_id: Identifier
    priority: Priority = Priority.NORMAL
    metadata: Metadata | None = None


class UploadParameters(RequestBody):
    """The query of the file form."""

    model_config = ConfigDict(validate_by_name=False)

    document_id: Identifier | None = None
    user_id: Identifier
    priority: Priority = Priority.NORMAL
    file_name: StrictStr | None = None


def read_submission(req: func.HttpRequest, settings: Settings) -> Submission:
    """The submission in a request. Raises ProblemError (400, 415), InvalidRequest or DocumentTooLarge."""
    declared = content_types.media_type(req.headers.get("Content-Type"))
    if declared == JSON:
        return _read_reference(req)
    return _read_upload(req, content_types.require_accepted(declared), settings.max_document_bytes)


def _read_reference(req: func.HttpRequest) -> Submission:
    body = DocumentReference.from_payload(read_json_object(req))
    return Submission(
        source=BlobReference(body.blob_url),
        user_id=body.user_id,
        document_id=body.document_id,
        priority=body.priority,
        file_name=None,
        metadata=body.metadata,
        reprocess=_read_reprocess(req),
        idempotency_key=_read_idempotency_key(req),
    )


def _read_upload(req: func.HttpRequest, declared: str, limit_bytes: int) -> Submission:
    content = req.get_body()
    if not content:
        raise ProblemError("invalid-request", "The body is empty; send the file itself as the body.")
    if len(content) > limit_bytes:
        raise DocumentTooLarge(limit_bytes)
    names = {"documentId", "userId", "priority", "fileName"}
    # Only these parameters: a query may also hold a function key.
    parameters = UploadParameters.from_payload({name: req.params[name] for name in names & req.params.keys()})
    return Submission(
        source=Upload(content, content_types.require_match(content[:2048], declared)),
        user_id=parameters.user_id,
        document_id=parameters.document_id,
        priority=parameters.priority,
        file_name=_read_file_name(parameters.file_name),
        metadata=None,
        reprocess=_read_reprocess(req),
        idempotency_key=_read_idempotency_key(req),
    )


def _read_file_name(value: str | None) -> str | None:
    """The last component of a path, with slashes or backslashes."""
    if value is None:
        return None
    name = value.replace("\\", "/").rpartition("/")[2].strip()
    problem = problem_with_name(name, MAX_FILE_NAME)
    if problem is None and not name.strip("."):
        problem = "must be the name of a file"
    if problem:
        raise invalid_field("fileName", problem)
    return name


def _read_reprocess(req: func.HttpRequest) -> bool:
    value: str = req.params.get("reprocess", "false").lower()
    if value not in ("true", "false"):
        raise invalid_field("reprocess", "must be true or false")
    return value == "true"


def _read_idempotency_key(req: func.HttpRequest) -> str | None:
    key: str | None = req.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_IDEMPOTENCY_KEY or not key.isascii() or not key.isprintable():
        message = f"must have 1 to {MAX_IDEMPOTENCY_KEY} printable ASCII characters"
        raise invalid_fields([("Idempotency-Key", message)])
    return key
