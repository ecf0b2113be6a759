"""Rows, filters and continuation tokens of table ``documents``, as pure functions."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from docpipeline.errors import InvalidRequest, UnreadableRow
from docpipeline.models.compliance import ComplianceIssue
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.record_limits import MOST_UNITS, stored_json, utf16_units
from docpipeline.services.storage_keys import document_key, newest_first_key
from docpipeline.services.stored_payloads import payload_in

TABLE = "documents"

_ALL, _OPEN = "at", "open"
_PARTITION_COUNT = 8
PARTITIONS = tuple(f"{number:02d}" for number in range(_PARTITION_COUNT))
READ_COLUMNS = ["PartitionKey", "RowKey", "documentId", "userId", "instanceId", "record"]
"""The columns that `record_in` reads."""
_TOKEN = re.compile(r"\d{13}\|[A-Za-z0-9._@~-]{1,100}")


def partition_of(document_id: str) -> str:
    """The partition of all of a document's rows."""
    digest = hashlib.sha256(document_id.encode()).digest()
    return PARTITIONS[digest[0] % _PARTITION_COUNT]


def record_key(document_id: str) -> str:
    """Row key of a document's record."""
    return f"id|{document_key(document_id)}"


def record_row(record: DocumentRecord) -> dict[str, Any]:
    """The row that a record is read from."""
    return {**_columns(record), "RowKey": record_key(record.document_id)}


def listing_rows(record: DocumentRecord) -> dict[str, dict[str, Any]]:
    """A record's rows in the listings, by row key: that of all documents, and, if it is open, that of open ones.

    Few documents are open at any time, so finding them takes no longer the more documents there are.
    """
    place = place_of(record)
    listings = [_ALL, _OPEN] if record.is_open else [_ALL]
    keys = [f"{listing}|{place}" for listing in listings]
    columns = _columns(record)
    return {key: {**columns, "RowKey": key} for key in keys}


def _columns(record: DocumentRecord) -> dict[str, Any]:
    return {
        "PartitionKey": partition_of(record.document_id),
        "documentId": record.document_id,
        "userId": record.user_id,
        "instanceId": record.instance_id,
        "status": record.status.value,
        "submittedAt": record.submitted_at,
        "updatedAt": record.updated_at,
        "record": _as_property(record),
    }


def record_in(row: Mapping[str, Any]) -> DocumentRecord:
    """The record in a row. Raises UnreadableRow, also when the record does not belong in this row."""
    record = payload_in(row, "record", DocumentRecord, TABLE)
    wrong = [name for name, values in _own_columns(record).items() if row.get(name) not in values]
    if wrong:
        raise UnreadableRow(TABLE, str(row.get("RowKey")), f"{', '.join(wrong)} do not fit the record it holds")
    return record


def _own_columns(record: DocumentRecord) -> dict[str, tuple[str, ...]]:
    """The values that the columns beside a record may have."""
    place = place_of(record)
    return {
        "PartitionKey": (partition_of(record.document_id),),
        "RowKey": (record_key(record.document_id), f"{_ALL}|{place}", f"{_OPEN}|{place}"),
        "documentId": (record.document_id,),
        "userId": (record.user_id,),
        "instanceId": (record.instance_id,),
    }


def listing_query(
    status: DocumentStatus | None, user_id: str | None, after: str | None
) -> tuple[str, dict[str, Any]]:
    """Filter and parameters for the rows of a listing that follow the place ``after``."""
    listing = _ALL if status is None or status.is_final else _OPEN
    conditions = ["RowKey gt @after", "RowKey lt @end"]
    parameters: dict[str, Any] = {"after": f"{listing}|{after or ''}", "end": f"{listing}}}"}
    if status is not None:
        conditions.append("status eq @status")
        parameters["status"] = status.value
    if user_id is not None:
        conditions.append("userId eq @user")
        parameters["user"] = user_id
    return " and ".join(conditions), parameters


def unfinished_query(older_than: datetime) -> tuple[str, dict[str, Any]]:
    """Filter and parameters for the open records that were last written before ``older_than``."""
    condition = "RowKey ge @first and RowKey lt @end and updatedAt lt @before"
    return condition, {"first": f"{_OPEN}|", "end": f"{_OPEN}}}", "before": older_than}


def place_of(record: DocumentRecord) -> str:
    """A record's place in the listings, newest first; the same in every listing and partition."""
    return newest_first_key(record.document_id, record.submitted_at)


def make_token(record: DocumentRecord) -> str:
    """The continuation token of a page that ends with this record."""
    return base64.urlsafe_b64encode(place_of(record).encode()).decode().rstrip("=")


def read_token(token: str | None) -> str | None:
    """The place in a continuation token. Raises InvalidRequest when `make_token` did not make it."""
    if token is None:
        return None
    try:
        place = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        place = ""
    if not _TOKEN.fullmatch(place):
        wording = "is not a token of this API; leave it out to start with the newest documents"
        raise InvalidRequest([(("continuationToken",), "token", wording)])
    return place


def _as_property(record: DocumentRecord) -> str:
    """The record as JSON, shortened until it fits in one property."""
    for shorter in _shortened_versions(record):
        text = stored_json(shorter.to_payload())
        if utf16_units(text) <= MOST_UNITS:
            break
    return text


def _shortened_versions(record: DocumentRecord) -> Iterator[DocumentRecord]:
    """The record, then without its issues' messages, then with fewer and fewer issues."""
    yield record
    issues = tuple(ComplianceIssue(code=issue.code, severity=issue.severity) for issue in record.issues)
    yield record.abridged(issues, record.metadata)
    while issues:
        issues = issues[: len(issues) // 2]
        yield record.abridged(issues, record.metadata)
    # Old records may hold more metadata than the limit, but their end must be written.
    if record.status.is_final:
        yield record.abridged((), None)
