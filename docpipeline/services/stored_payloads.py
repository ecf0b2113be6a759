"""Reading payloads from rows of tables, any of which may be damaged."""

import json
import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from docpipeline import telemetry
from docpipeline.errors import UnreadableRow
from docpipeline.models.payload import Payload

log = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)


def payload_in(row: Mapping[str, Any], column: str, model: type[P], table: str) -> P:
    """The payload in ``column`` of a row of ``table``. Raises UnreadableRow."""
    try:
        return model.from_payload(json.loads(row[column]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableRow(table, str(row.get("RowKey")), _reason(error)) from None


def report(damage: UnreadableRow) -> None:
    """Report a row that cannot be read, in the log and as metric ``UnreadableRows``."""
    log.error("A row cannot be read: %s", damage, extra={"table": damage.table, "row_key": damage.key})
    telemetry.track("UnreadableRows", 1, table=damage.table, rowKey=damage.key)


def _reason(error: Exception) -> str:
    """What is wrong and where, without the values, which may be a submitter's or a reviewer's."""
    if not isinstance(error, ValidationError):
        return f"it holds no valid JSON ({type(error).__name__})"
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['type']}" for fault in faults[:5])
