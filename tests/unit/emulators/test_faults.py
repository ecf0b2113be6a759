"""Injected faults strike as described, and count nothing that was not done."""

from __future__ import annotations

import asyncio
from typing import Any, Unpack

import aiohttp
import pytest

from emulators.errors import BadRequest
from emulators.faults import Fault
from tests.faults import EmulatedService, FaultFields
from tests.unit.emulators import sample_documents
from tests.unit.emulators.emulator_process import EmulatorProcess, error_of

KEY = {"Authorization": "Bearer local-key"}
ANALYZE = "/formrecognizer/documentModels/prebuilt-read:analyze?api-version=2023-07-31"


async def inject(client: aiohttp.ClientSession, service: EmulatedService, **fault: Unpack[FaultFields]) -> int:
    async with client.post("/faults", json={"service": service, **fault}) as answer:
        return answer.status


async def compliance(client: aiohttp.ClientSession) -> tuple[int, str]:
    async with client.post("/compliance", json={"text": "x"}, headers=KEY) as answer:
        return answer.status, await answer.text()


async def submit(client: aiohttp.ClientSession) -> aiohttp.ClientResponse:
    async with client.post(
        ANALYZE, data=b"no document", headers={**KEY, "Content-Type": "application/pdf"}
    ) as answer:
        return answer


async def usage_of(client: aiohttp.ClientSession, service: str) -> dict[str, Any]:
    async with client.get("/usage") as answer:
        counts: dict[str, Any] = (await answer.json())[service]
        return counts


async def test_faults_strike_in_order_and_are_used_up(emulators: aiohttp.ClientSession) -> None:
    await inject(emulators, service="compliance", status=503, count=2)
    await inject(emulators, service="compliance", body='{"compliant": true}', count=1)

    assert [(await compliance(emulators))[0] for _ in range(2)] == [503, 503]
    assert await compliance(emulators) == (200, '{"compliant": true}')
    assert '"issues"' in (await compliance(emulators))[1]
    assert await usage_of(emulators, "compliance") == {"requests": 1}


async def test_fault_strikes_its_service_only_until_cleared(emulators: aiohttp.ClientSession) -> None:
    await inject(emulators, service="notifications", status=500)

    async with emulators.post("/notifications") as struck:
        assert struck.status == 500
    assert (await compliance(emulators))[0] == 200
    async with emulators.get("/faults") as listed:
        assert (await listed.json())["faults"][0]["struck"] == 1
    async with emulators.delete("/faults"), emulators.post("/notifications") as unharmed:
        assert unharmed.status == 401


async def test_throttled_submission_carries_retry_after_and_is_not_counted(
    emulators: aiohttp.ClientSession,
) -> None:
    await inject(emulators, service="documentIntelligence", status=429, retryAfterSeconds=7, count=1)

    answer = await submit(emulators)

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert (await usage_of(emulators, "documentIntelligence"))["submissions"] == 0


async def test_poll_fault_leaves_submissions_alone(emulators: aiohttp.ClientSession) -> None:
    await inject(emulators, service="documentIntelligence", on="poll", status=500, count=1)

    submitted = await submit(emulators)
    async with emulators.get(submitted.headers["Operation-Location"], headers=KEY) as poll:
        assert (submitted.status, poll.status) == (202, 500)
        assert (await poll.json())["error"]["code"] == "InternalServerError"


async def test_delayed_request_is_dropped_when_its_client_leaves(emulators: aiohttp.ClientSession) -> None:
    await inject(emulators, service="compliance", delaySeconds=3600, count=1)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(compliance(emulators), timeout=0.2)

    assert (await compliance(emulators))[0] == 200
    assert await usage_of(emulators, "compliance") == {"requests": 1}


def test_failed_operation_ends_as_internal_error_though_it_was_accepted(
    running_emulators: EmulatorProcess,
) -> None:
    running_emulators.inject(service="documentIntelligence", failOperation=True, count=1)

    failure = running_emulators.failure_of(sample_documents.digital_pdf())

    assert (failure.status_code, error_of(failure).code) == (200, "InternalServerError")
    assert running_emulators.analyze(sample_documents.digital_pdf()).content


def test_sdk_waits_as_retry_after_says_and_then_succeeds(running_emulators: EmulatorProcess) -> None:
    running_emulators.inject(service="documentIntelligence", status=429, retryAfterSeconds=0.05, count=2)

    with running_emulators.client(retry_total=3) as client:
        assert client.begin_analyze_document("prebuilt-read", sample_documents.digital_pdf()).result().content


def test_rate_with_a_seed_is_repeatable() -> None:
    def strikes() -> list[bool]:
        fault = Fault.from_description({"service": "compliance", "status": 500, "rate": 0.5, "seed": 7})
        return [fault.strikes("compliance", "submit") for _ in range(100)]

    assert strikes() == strikes()
    assert 30 < sum(strikes()) < 70


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"status": 500}, "'service' is missing"),
        ({"service": "compliance"}, "needs an effect"),
        ({"service": "mail", "status": 500}, "one of documentIntelligence, compliance, notifications"),
        ({"service": "compliance", "status": 99}, "HTTP status"),
        ({"service": "compliance", "status": "500"}, "HTTP status"),
        ({"service": "compliance", "status": 500, "rate": 2}, "from 0 to 1"),
        ({"service": "compliance", "status": 500, "count": 0}, "at least 1"),
        ({"service": "compliance", "status": 500, "delay": 3}, "Allowed: service"),
        ({"service": "compliance", "failOperation": True}, "documentIntelligence only"),
        ({"service": "documentIntelligence", "failOperation": True, "on": "poll"}, "leave out"),
    ],
)
def test_bad_fault_is_refused_saying_what_is_allowed(fault: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        Fault.from_description(fault)


async def test_bad_fault_is_answered_400(emulators: aiohttp.ClientSession) -> None:
    assert await inject(emulators, service="compliance", status=True) == 400
