"""Rows, filters and continuation tokens of table ``documents``; no input or output here."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from docpipeline.models.documents import DocumentRecord, DocumentStatus
from docpipeline.services.storage_keys import document_key, newest_first_key

_PARTITION_COUNT = 8
PARTITIONS = tuple(f"{number:02d}" for number in range(_PARTITION_COUNT))
# A property holds 64 KiB of UTF-16; what is left is for the longest single change of a record.
_MOST_UTF16_BYTES = 60 * 1024
_TOKEN = re.compile(r"at\|\d{13}\|[A-Za-z0-9._@~-]{1,100}")


def partition_of(document_id: str) -> str:
    """The partition both of a document's rows lie in."""
    digest = hashlib.sha256(document_id.encode()).digest()
    return PARTITIONS[digest[0] % _PARTITION_COUNT]


def record_key(document_id: str) -> str:
    """Row key of a document's record."""
    return f"id|{document_key(document_id)}"


def rows_of(record: DocumentRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record's two rows: itself, and its place in the listing."""
    columns = {
        "PartitionKey": partition_of(record.document_id),
        "documentId": record.document_id,
        "userId": record.user_id,
        "instanceId": record.instance_id,
        "status": record.status.value,
        "submittedAt": record.submitted_at,
        "updatedAt": record.updated_at,
        "record": _as_property(record),
    }
    listing_key = newest_first_key(record.document_id, record.submitted_at)
    return {**columns, "RowKey": record_key(record.document_id)}, {**columns, "RowKey": listing_key}


def record_in(row: Mapping[str, Any]) -> DocumentRecord:
    """The record a row holds."""
    return DocumentRecord.model_validate_json(row["record"])


def listing_query(
    status: DocumentStatus | None, user_id: str | None, after: str | None
) -> tuple[str, dict[str, Any]]:
    """Filter and parameters for the rows of the listing that follow row key ``after``."""
    conditions = ["RowKey gt @after", "RowKey lt @end"]
    parameters: dict[str, Any] = {"after": after or "at|", "end": "at}"}
    if status is not None:
        conditions.append("status eq @status")
        parameters["status"] = status.value
    if user_id is not None:
        conditions.append("userId eq @user")
        parameters["user"] = user_id
    return " and ".join(conditions), parameters


def unfinished_query(older_than: datetime) -> tuple[str, dict[str, Any]]:
    """Filter and parameters for the records that are not final and were written before ``older_than``."""
    unfinished = [status for status in DocumentStatus if not status.is_final]
    names = {f"status{number}": status.value for number, status in enumerate(unfinished)}
    any_of_them = " or ".join(f"status eq @{name}" for name in names)
    # Blanks inside the brackets: the SDK finds parameters by splitting at blanks.
    condition = f"RowKey ge @first and RowKey lt @end and updatedAt lt @before and ( {any_of_them} )"
    return condition, {**names, "first": "id|", "end": "id}", "before": older_than}


def make_token(row_key: str) -> str:
    """The continuation token of a page that ends with this row of the listing."""
    return base64.urlsafe_b64encode(row_key.encode()).decode().rstrip("=")


def read_token(token: str | None) -> str | None:
    """The row key in a continuation token. Raises ValueError when it is none of ours."""
    if token is None:
        return None
    try:
        row_key = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        row_key = ""
    if not _TOKEN.fullmatch(row_key):
        raise ValueError("continuationToken is none that this API gave; leave it out to start from the newest")
    return row_key


def _as_property(record: DocumentRecord) -> str:
    """The record as JSON that fits in one property: without its issues' messages, then with fewer issues."""
    text = _as_json(record)
    if _fits(text):
        return text
    issues = tuple(issue.model_copy(update={"message": ""}) for issue in record.issues)
    text = _as_json(record.model_copy(update={"issues": issues}))
    while issues and not _fits(text):
        issues = issues[: len(issues) // 2]
        text = _as_json(record.model_copy(update={"issues": issues}))
    return text


def _as_json(record: DocumentRecord) -> str:
    return json.dumps(record.to_payload(), ensure_ascii=False, separators=(",", ":"))


def _fits(text: str) -> bool:
    return len(text.encode("utf-16-le", errors="surrogatepass")) <= _MOST_UTF16_BYTES
