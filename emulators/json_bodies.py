"""JSON request bodies: read and checked, with errors that say what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from emulators.errors import BadRequest


async def read_json_object(request: web.Request) -> dict[str, Any]:
    """Return the request's body, a JSON object in UTF-8.

    Raises:
        BadRequest: the body is something else.
    """
    try:
        value = json.loads(await request.read())
    except ValueError as error:  # covers bad JSON and bad UTF-8
        raise BadRequest(f"The body is not JSON ({error}). Send a JSON object in UTF-8.") from error
    if not isinstance(value, dict):
        raise BadRequest(f"The body is a JSON {type(value).__name__}. Send a JSON object.")
    return value


def check_fields(
    value: Mapping[str, Any],
    fields: Mapping[str, tuple[Callable[[Any], bool], str]],
    required: Sequence[str],
    thing: str,
) -> None:
    """Check an object's members against `fields`: name -> (test, what is allowed).

    Raises:
        BadRequest: a member is missing, unknown or wrong.
    """
    for name in required:
        if name not in value:
            raise BadRequest(f"'{name}' is missing from {thing}. Give {fields[name][1]}.")
    for name, member in value.items():
        if name not in fields:
            raise BadRequest(f"'{name}' is not known in {thing}. Allowed: {', '.join(fields)}.")
        test, allowed = fields[name]
        if not test(member):
            raise BadRequest(f"'{name}' is wrong in {thing}. Give {allowed}.")
