"""Reads requests to the durable API: paths, case-insensitive query keys, dates, flags, bodies."""

import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import NoReturn
from urllib.parse import quote, unquote, unquote_plus

from aiohttp import web

from devhost.engine.errors import InvalidJson, InvalidRequest, StorageFailed, UnsupportedContent
from devhost.engine.queries import LARGEST_PAGE, PAGE_SIZE, EntityQuery, InstanceQuery
from devhost.functions.http_messages import DEFAULT_BODY_LIMIT_BYTES, read_json_body

_ESCAPE = re.compile("(%[0-9A-Fa-f]{2})")
_LEFT_IN_PATHS = "/:@!$&'()*+,;="
CONTINUATION_HEADER = "x-ms-continuation-token"


@dataclass(frozen=True)
class DurableRequest:
    """One request to the durable API.

    Attributes:
        http: The HTTP request as it came in.
        segments: Decoded segments of the path after the API's base.
        origin: ``scheme://host:port`` for the links of the answer.
        body_limit_bytes: A larger body raises RequestBodyTooLarge wherever it is read.
    """

    http: web.Request
    segments: tuple[str, ...]
    origin: str
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES

    @cached_property
    def query(self) -> dict[str, str]:
        """The query with lower-cased keys; values of repeated keys are joined by commas."""
        joined: dict[str, str] = {}
        for key, value in self.http.query.items():
            name = key.lower()
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        return joined

    def segment(self, index: int) -> str:
        """A segment of the path; empty if the path is shorter."""
        return self.segments[index] if index < len(self.segments) else ""

    def text(self, name: str) -> str | None:
        """A query value, or None if it is absent or empty."""
        return self.query.get(name.lower()) or None

    def flag(self, name: str, default: bool) -> bool:
        """A boolean query value, in any case; the default if it is neither true nor false."""
        return {"true": True, "false": False}.get((self.text(name) or "").strip().lower(), default)

    def seconds(self, name: str) -> float | None:
        """A number of seconds from the query; None if absent or unreadable."""
        try:
            number = float(self.text(name) or "")
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def moment(self, name: str) -> datetime | None:
        """A date from the query, in UTC if it names no zone; None if absent or unreadable.

        Raises InvalidRequest for one that is before the year 1 or after 9999, in its own zone or in UTC.
        """
        text = (self.text(name) or "").strip()
        for read in (_iso_date, parsedate_to_datetime, _date_by_slashes):
            with suppress(ValueError):
                try:
                    return _in_utc(read(text))
                except OverflowError:
                    # Ignoring it would be dangerous: a purge without an upper limit purges everything.
                    raise InvalidRequest(f"The date in '{name}' is out of range: 0001 to 9999, in UTC.") from None
        return None

    def statuses(self) -> tuple[str, ...]:
        """The requested runtime statuses; empty means all."""
        names = (self.text("runtimeStatus") or "").split(",")
        return tuple(name.strip() for name in names if name.strip())

    def instance_query(self) -> InstanceQuery:
        """The requested page of instances."""
        return InstanceQuery(
            created_from=self.moment("createdTimeFrom"),
            created_to=self.moment("createdTimeTo"),
            instance_id_prefix=self.text("instanceIdPrefix") or "",
            statuses=self.statuses(),
            top=self._top(),
            continuation_token=self.http.headers.get(CONTINUATION_HEADER),
            show_input=self.flag("showInput", True),
            with_entities=True,
        )

    def entity_query(self) -> EntityQuery:
        """The requested page of entities."""
        return EntityQuery(
            name=self.segment(1) or None,
            last_operation_from=self.moment("lastOperationTimeFrom"),
            last_operation_to=self.moment("lastOperationTimeTo"),
            fetch_state=self.flag("fetchState", False),
            top=self._top(),
            continuation_token=self.http.headers.get(CONTINUATION_HEADER),
        )

    async def start_input(self) -> str | None:
        """The raw input of a start: its JSON body, decoded once and written again. Raises InvalidRequest."""
        body = await self._body_text()
        try:
            return canonical_json(body) if body.strip() else None
        except ValueError:
            raise InvalidRequest("Invalid JSON content") from None

    async def event_data(self) -> str:
        """The raw data of an external event. Raises InvalidRequest for anything but JSON."""
        if self.http.content_type != "application/json":
            raise UnsupportedContent("Only application/json request content is supported")
        body = await self._body_text()
        if not body.strip():
            raise InvalidJson("Error reading JToken from JsonReader. Path '', line 0, position 0.")
        try:
            return canonical_json(body)
        except ValueError:
            raise InvalidJson from None

    async def operation_input(self) -> str | None:
        """The raw input of an entity operation: JSON if the body says so, else its text. Raises InvalidRequest."""
        body = await self._body_text()
        if not body:
            return None
        if self.http.content_type != "application/json":
            return json.dumps(body)
        try:
            return canonical_json(body)
        except ValueError:
            raise InvalidRequest("Invalid JSON content") from None

    async def _body_text(self) -> str:
        body = await read_json_body(self.http, self.body_limit_bytes)
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidRequest("Invalid JSON content: the body is not UTF-8 text") from None

    def _top(self) -> int:
        top = read_page_size(self.text("top") or "")
        if top is not None and top < 0:
            raise StorageFailed("An error occurred while communicating with Azure Storage")
        return PAGE_SIZE if top is None else top


def split_durable_path(raw_path: str) -> tuple[str, ...]:
    """Split a raw path of the durable API; the extension decodes segments twice, the second time as a form.

    So ``%2B`` and ``+`` are blanks there, and ``%252B`` is a plus sign.
    """
    return tuple(unquote_plus(segment) for segment in split_path(raw_path))


def written_anew(raw_path: str) -> str:
    """Return a raw path as .NET writes it once it has decoded it: what a path can hold is not encoded."""
    path, mark, query = raw_path.partition("?")
    texts = _ESCAPE.split(unquote(path))
    written = [_kept(text) if index % 2 else quote(text, safe=_LEFT_IN_PATHS) for index, text in enumerate(texts)]
    return "".join(written) + mark + query


def _kept(escape: str) -> str:
    """Keep what still looks like an escape, but for those of plain characters."""
    character = unquote(escape)
    return character if character.isascii() and (character.isalnum() or character in "-._~") else escape


def split_path(raw_path: str) -> tuple[str, ...]:
    """Split a raw path into decoded segments; slashes at its ends do not count."""
    return tuple(unquote(segment) for segment in raw_path.split("?")[0].strip("/").split("/"))


def read_page_size(text: str) -> int | None:
    """A page's size, as .NET reads an integer: None for what is none, or has more than 32 bits."""
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(LARGEST_PAGE))
    return int(text) if is_number and int(digits) <= LARGEST_PAGE else None


def canonical_json(text: str) -> str:
    """Decode JSON once and write it again: the raw form in which payloads are stored. Raises ValueError."""
    try:
        decoded = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("It is nested too deeply") from None
    written = json.dumps(decoded, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate passes the parser but cannot be stored. UnicodeEncodeError is a ValueError.
    written.encode()
    return written


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso_date(text: str) -> datetime:
    # An unescaped plus sign of a time zone arrives as a space.
    return datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)


def _date_by_slashes(text: str) -> datetime:
    """Read a date as month/day/year, the order of .NET's invariant culture."""
    return datetime.strptime(text, "%m/%d/%Y %H:%M:%S" if " " in text else "%m/%d/%Y")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
