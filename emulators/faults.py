"""Faults on demand: `POST /faults`, `GET /faults`, `DELETE /faults`.

A fault is a JSON object:

    service             documentIntelligence, compliance or notifications
    on                  for documentIntelligence: "submit" (default) or "poll"
    status              answer this HTTP status instead of working
    body                answer this text instead of working (status 200 unless `status` says otherwise)
    delaySeconds        wait this long first, or until the client disconnects
    retryAfterSeconds   add this `Retry-After` to the answer
    failOperation       documentIntelligence: accept the document, and let its analysis end `failed`
    count               apply to this many requests (default: to all, until deleted)
    rate                apply to each request with this probability, 0 to 1 (default 1)
    seed                makes `rate` repeatable

The first fault, in the order in which they were posted, that applies to a request decides it. Faults are kept in
memory: a restart of the emulators clears them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from emulators.errors import BadRequest
from emulators.json_bodies import check_fields, read_json_object

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SERVICES = ("documentIntelligence", "compliance", "notifications")
EFFECTS = ("status", "body", "delaySeconds", "retryAfterSeconds", "failOperation")
ERROR_CODES = {500: "InternalServerError", 503: "ServiceUnavailable"}
FAIL_OPERATION = web.RequestKey("fail_operation", bool)

# field -> (test, what is allowed)
FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "service": (lambda value: value in SERVICES, f"one of {', '.join(SERVICES)}"),
    "on": (lambda value: value in ("submit", "poll"), '"submit" or "poll"'),
    "status": (lambda value: type(value) is int and 200 <= value <= 599, "an HTTP status from 200 to 599"),
    "body": (lambda value: isinstance(value, str), "the text to answer, as a string"),
    "delaySeconds": (lambda value: _is_number(value) and 0 <= value <= 3600, "a number from 0 to 3600"),
    "retryAfterSeconds": (lambda value: _is_number(value) and 0 <= value <= 86400, "a number from 0 to 86400"),
    "failOperation": (lambda value: isinstance(value, bool), "true or false"),
    "count": (lambda value: type(value) is int and value >= 1, "a whole number of at least 1"),
    "rate": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "seed": (lambda value: type(value) is int, "a whole number"),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass
class Fault:
    """One injected fault. `remaining` is how often it may still apply; None: until deleted."""

    description: dict[str, Any]
    remaining: int | None = None
    struck: int = 0
    dice: random.Random = field(default_factory=random.Random)

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> Fault:
        """Check a fault as posted.

        Raises:
            BadRequest: a field is unknown, wrong or has no effect. The message says what is allowed.
        """
        check_fields(description, FIELDS, required=("service",), thing="a fault")
        if not any(description.get(effect) not in (None, False) for effect in EFFECTS):
            raise BadRequest(f"A fault needs an effect: give at least one of {', '.join(EFFECTS)}.")
        only_here = [name for name in ("on", "failOperation") if name in description]
        if only_here and description["service"] != "documentIntelligence":
            raise BadRequest(f"'{only_here[0]}' is allowed for service documentIntelligence only. Leave it out.")
        if description.get("failOperation") and (description.get("on") == "poll" or "status" in description):
            raise BadRequest("'failOperation' needs an accepted document: leave out 'status' and 'on': 'poll'.")
        return cls(description, description.get("count"), dice=random.Random(description.get("seed")))

    def strikes(self, service: str, on: str) -> bool:
        """Return whether this fault applies to a request, and count it if so."""
        description = self.description
        if description["service"] != service or description.get("on", "submit") != on or self.remaining == 0:
            return False
        if self.dice.random() >= description.get("rate", 1):
            return False
        self.struck += 1
        if self.remaining is not None:
            self.remaining -= 1
        return True

    def to_json(self) -> dict[str, Any]:
        """Return the fault as posted, with `struck` and `remaining`."""
        return {**self.description, "struck": self.struck, "remaining": self.remaining}


class FaultBook:
    """The faults in force, in the order in which they were posted."""

    def __init__(self) -> None:
        """Start without any."""
        self.faults: list[Fault] = []

    def guarded(self, service: str, handler: Handler, on: str = "submit") -> Handler:
        """Wrap `handler` so that faults for `service` come first."""

        async def handle(request: web.Request) -> web.StreamResponse:
            fault = next((fault for fault in self.faults if fault.strikes(service, on)), None)
            if fault is None:
                return await handler(request)
            return await _answer_with_fault(fault.description, request, handler)

        return handle


async def _answer_with_fault(fault: dict[str, Any], request: web.Request, handler: Handler) -> web.StreamResponse:
    await asyncio.sleep(fault.get("delaySeconds", 0))
    request[FAIL_OPERATION] = bool(fault.get("failOperation"))
    response = _injected_answer(fault) if "status" in fault or "body" in fault else await handler(request)
    if "retryAfterSeconds" in fault:
        response.headers["Retry-After"] = str(fault["retryAfterSeconds"])
    return response


def _injected_answer(fault: dict[str, Any]) -> web.Response:
    status = fault.get("status", 200)
    if "body" in fault:
        return web.Response(status=status, text=fault["body"], content_type="application/json")
    error = {"code": ERROR_CODES.get(status, str(status)), "message": f"Injected fault: status {status}."}
    return web.json_response({"error": error}, status=status)


def add_routes(app: web.Application, book: FaultBook) -> None:
    """Serve the control of faults."""

    async def add_fault(request: web.Request) -> web.Response:
        fault = Fault.from_description(await read_json_object(request))
        book.faults.append(fault)
        return web.json_response(fault.to_json(), status=201)

    async def list_faults(_request: web.Request) -> web.Response:
        return web.json_response({"faults": [fault.to_json() for fault in book.faults]})

    async def clear_faults(_request: web.Request) -> web.Response:
        book.faults.clear()
        return web.Response(status=204)

    app.router.add_post("/faults", add_fault)
    app.router.add_get("/faults", list_faults)
    app.router.add_delete("/faults", clear_faults)
