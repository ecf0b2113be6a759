"""Ways in which the row of a record can be damaged."""

import json
from collections.abc import Callable
from typing import Any

from docpipeline.services.record_rows import READ_COLUMNS

Row = dict[str, Any]


def _with_record(**changes: object) -> Callable[[Row], Row]:
    """Other JSON; a key whose value is None is taken out."""

    def damaged(row: Row) -> Row:
        payload = {**json.loads(row["record"]), **changes}
        kept = {key: value for key, value in payload.items() if value is not None}
        return {**row, "record": json.dumps(kept)}

    return damaged


def _without(column: str) -> Callable[[Row], Row]:
    return lambda row: {name: value for name, value in row.items() if name != column}


DAMAGES: dict[str, Callable[[Row], Row]] = {
    "no JSON": lambda row: {**row, "record": row["record"][:-1]},
    "no object": lambda row: {**row, "record": "[]"},
    "nested too deeply": lambda row: {**row, "record": "[" * 10_000 + "]" * 10_000},
    "no text": lambda row: {**row, "record": 17},
    "unknown status": _with_record(status="sleeping"),
    "missing key": _with_record(userId=None),
    "wrong type": _with_record(pageCount="many"),
    "not a number": _with_record(confidence=float("nan")),
    "a time nowhere": _with_record(submittedAt="2026-01-01T00:00:00"),
    "half a character in the id": _with_record(documentId="inv\ud800"),
    "another document's": _with_record(documentId="inv-18"),
    "another user's": _with_record(userId="eve"),
    "another run's": _with_record(instanceId="doc-inv-18-eve-1"),
    "another time's": lambda row: (
        row if row["RowKey"][:3] == "id|" else _with_record(submittedAt="1999-01-01T00:00:00Z")(row)
    ),
    **{f"no {column}": _without(column) for column in READ_COLUMNS[2:]},
}
