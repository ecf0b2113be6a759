"""Pages of instances and entities."""

import base64
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from sqlite3 import Connection, Row
from typing import Any

from devhost.engine import entity_store, timestamps
from devhost.engine.errors import InvalidRequest
from devhost.engine.events import STATUS_CODES
from devhost.engine.queries import LARGEST_PAGE, EntityQuery, InstanceQuery
from devhost.engine.status_view import parsed, status_object

# No text that begins with a prefix sorts after the prefix followed by this.
_LAST_CHARACTER = "\U0010ffff"

Page = tuple[list[dict[str, Any]], str | None]


class _Conditions:
    """A WHERE clause that grows."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.values: list[Any] = []

    def add(self, text: str, *values: Any) -> None:
        self._texts.append(text)
        self.values.extend(values)

    def add_window(self, column: str, start: datetime | None, end: datetime | None) -> None:
        if start is not None:
            self.add(f"{column} >= ?", timestamps.to_text(start))
        if end is not None:
            self.add(f"{column} <= ?", timestamps.to_text(end))

    def __str__(self) -> str:
        return " WHERE " + " AND ".join(self._texts) if self._texts else ""


def list_instances(tx: Connection, query: InstanceQuery) -> Page:
    """Return a page of status objects and the token of the next page. Raises InvalidRequest."""
    conditions = _Conditions()
    conditions.add_window("created_at", query.created_from, query.created_to)
    prefix, statuses = query.instance_id_prefix, known_statuses(query.statuses)
    if prefix:
        conditions.add("instance_id >= ? AND instance_id < ?", prefix, prefix + _LAST_CHARACTER)
    if statuses:
        conditions.add(f"status IN ({', '.join('?' * len(statuses))})", *statuses)
    if query.name_prefix:
        conditions.add("name LIKE ? ESCAPE '\\'", _escaped(query.name_prefix) + "%")
    columns, beyond, order = _order(query)
    if query.continuation_token:
        marks = ", ".join("?" * len(columns))
        position = _position(query.continuation_token, len(columns))
        conditions.add(f"({', '.join(columns)}) {beyond} ({marks})", *position)
    table = "instances_and_entities" if query.with_entities else "instances"
    sorting = ", ".join(column + order for column in columns)
    rows = tx.execute(
        f"SELECT * FROM {table}{conditions} ORDER BY {sorting} LIMIT ?",
        (*conditions.values, _limit(query.top) + 1),
    ).fetchall()
    page = [status_object(row, query.show_input) for row in rows[: query.top]]
    return page, _token(rows, query.top, *columns)


def _order(query: InstanceQuery) -> tuple[tuple[str, ...], str, str]:
    """The columns by which a list is sorted, what compares with those that come later, and the direction."""
    return (("created_at", "instance_id"), "<", " DESC") if query.newest_first else (("instance_id",), ">", "")


def list_entities(tx: Connection, query: EntityQuery) -> Page:
    """Return a page of existing entities and the token of the next page. Raises InvalidRequest."""
    conditions = _Conditions()
    conditions.add_window("last_operation_at", query.last_operation_from, query.last_operation_to)
    if query.name is not None:
        start = f"@{query.name.lower()}@"
        conditions.add("entity_id >= ? AND entity_id < ?", start, start + _LAST_CHARACTER)
    if query.continuation_token:
        conditions.add("entity_id > ?", *_position(query.continuation_token, 1))
    rows = tx.execute(
        f"SELECT * FROM entities{conditions} ORDER BY entity_id LIMIT ?",
        (*conditions.values, _limit(query.top) + 1),
    ).fetchall()
    page = [_entity_object(row, query.fetch_state) for row in rows[: query.top]]
    return page, _token(rows, query.top, "entity_id")


def known_statuses(statuses: Collection[str]) -> list[str]:
    """Return the runtime statuses among `statuses`: names in their own letters, or numbers.

    The rest is ignored, as on Azure.
    """
    asked = {status.strip() for status in statuses}
    return [status for status, code in STATUS_CODES.items() if status in asked or str(code) in asked]


def _entity_object(row: Row, fetch_state: bool) -> dict[str, Any]:
    record = entity_store.record(row)
    return {
        "entityId": {"name": record.entity_id.name, "key": record.entity_id.key},
        "lastOperationTime": timestamps.to_seconds(record.last_operation_at),
        "state": parsed(record.state) if fetch_state else None,
    }


def _escaped(prefix: str) -> str:
    """The prefix as a pattern of LIKE in which nothing is a wildcard."""
    return "".join(f"\\{character}" if character in "%_\\" else character for character in prefix)


def _limit(top: int) -> int:
    if not 0 <= top <= LARGEST_PAGE:
        raise InvalidRequest(f"The page size is {top}. Give 'top' a whole number from 0 to {LARGEST_PAGE}.")
    return top


def _token(rows: Sequence[Row], top: int, *columns: str) -> str | None:
    if len(rows) <= top:
        return None
    # A page of none stands before everything.
    position = [rows[top - 1][column] if top else "" for column in columns]
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _position(token: str, length: int) -> list[str]:
    try:
        position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        position = None
    if not isinstance(position, list) or len(position) != length:
        raise InvalidRequest(
            "The continuation token is not one of ours. Use it as it was received, or leave it out."
        )
    return [str(part) for part in position]
