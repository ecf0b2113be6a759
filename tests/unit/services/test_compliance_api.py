"""The compliance service: what is asked, and that an answer which is not understood never passes a document."""

import json
from collections.abc import AsyncIterator

import pytest

from docpipeline.errors import CircuitOpen, ServiceRefused, ServiceUnavailable
from docpipeline.models.compliance import ComplianceIssue, ComplianceVerdict
from docpipeline.resilience import ServiceBreaker
from docpipeline.services.compliance_api import ComplianceApi, read_answer
from tests.azurite import free_ports
from tests.unit.services.scripted_server import ScriptedServer

NOT_UNDERSTOOD = (ComplianceVerdict(is_compliant=False, confidence=None, understood=False), ())


@pytest.fixture
async def service(server: ScriptedServer) -> AsyncIterator[ComplianceApi]:
    client = ComplianceApi(f"{server.base_url}/compliance", "the-key", ServiceBreaker("compliance"))
    yield client
    await client.close()


def answer(**parts: object) -> bytes:
    return json.dumps({"compliant": True, "issues": [], "confidence": 0.9, **parts}).encode()


async def test_text_and_metadata_are_posted_with_the_key(service: ComplianceApi, server: ScriptedServer) -> None:
    server.answer(200, answer())
    verdict, issues = await service.check("Größe", {"kind": "invoice"})
    (request,) = server.seen
    assert (request.method, request.path) == ("POST", "/compliance")
    assert request.headers["Authorization"] == "Bearer the-key"
    assert json.loads(request.body) == {"text": "Größe", "metadata": {"kind": "invoice"}}
    assert verdict == ComplianceVerdict(is_compliant=True, confidence=0.9)
    assert issues == ()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_a_busy_or_broken_service_is_unavailable_for_now(
    service: ComplianceApi, server: ScriptedServer, status: int
) -> None:
    server.answer(status)
    with pytest.raises(ServiceUnavailable, match=str(status)):
        await service.check("text", {})
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [201, 204, 302, 307, 400, 401, 403, 404, 422])
async def test_any_other_answer_is_a_refusal_that_names_the_settings(
    service: ComplianceApi, server: ScriptedServer, status: int
) -> None:
    server.answer(status, headers={"Location": f"{server.base_url}/elsewhere"})
    with pytest.raises(ServiceRefused, match="COMPLIANCE_API_ENDPOINT") as refused:
        await service.check("text", {})
    assert len(server.seen) == 1
    assert "the-key" not in str(refused.value)


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    service = ComplianceApi(f"http://127.0.0.1:{free_ports(1)[0]}", "k", ServiceBreaker("compliance"))
    with pytest.raises(ServiceUnavailable, match="did not answer"):
        await service.check("text", {})
    await service.close()


async def test_a_refusal_does_not_open_the_circuit_and_failures_do(server: ScriptedServer) -> None:
    service = ComplianceApi(server.base_url, "k", ServiceBreaker("compliance", failures_until_open=2))
    server.answer(401)
    for _ in range(3):
        with pytest.raises(ServiceRefused):
            await service.check("text", {})
    server.answer(500)
    server.answer(500)
    with pytest.raises(ServiceRefused):
        await service.check("text", {})
    for _ in range(2):
        with pytest.raises(ServiceUnavailable, match="500"):
            await service.check("text", {})
    with pytest.raises(CircuitOpen):
        await service.check("text", {})
    await service.close()


async def test_an_answer_above_one_megabyte_is_not_understood(
    service: ComplianceApi, server: ScriptedServer
) -> None:
    server.answer(200, answer(issues=["x" * 1024 * 1024]))
    assert await service.check("text", {}) == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"<html>all is well</html>",
        b"\xff\xfe",
        b"null",
        b"true",
        b"[]",
        b'"compliant"',
        b"{}",
        b"[" * 100_000,
        b'{"compliant": true}',
        answer(compliant=None),
        answer(compliant="true"),
        answer(compliant=1),
        answer(issues=None),
        answer(issues="none"),
        answer(issues={}),
        answer(issues=[None]),
        answer(issues=[5]),
        answer(issues=[{}]),
        answer(issues=[{"code": ""}]),
        answer(issues=[{"code": "x", "message": 5}]),
        answer(confidence="0.9"),
        answer(confidence=True),
        answer(confidence=1.01),
        answer(confidence=-0.1),
        answer(confidence=float("nan")),
        answer(confidence=float("inf")),
        answer(confidence=10**400),
        answer().replace(b"0.9", b"1e999"),
        answer(confidence=[]),
    ],
)
def test_an_answer_that_is_not_understood_fails_closed(body: bytes | None) -> None:
    assert read_answer(body) == NOT_UNDERSTOOD


@pytest.mark.parametrize("body", [answer(confidence=None), b'{"compliant": true, "issues": []}'])
def test_an_answer_without_a_confidence_keeps_its_verdict(body: bytes) -> None:
    verdict, _ = read_answer(body)
    assert verdict == ComplianceVerdict(is_compliant=True, confidence=None)


def test_issues_may_be_strings_or_objects() -> None:
    issues = [
        "a date is missing",
        {"code": "cardNumber", "severity": "warning", "message": "on page 2"},
        {"code": "c"},
    ]
    verdict, read = read_answer(answer(compliant=False, issues=issues))
    assert verdict == ComplianceVerdict(is_compliant=False, confidence=0.9, issue_count=3)
    assert read == (
        ComplianceIssue(code="issue", message="a date is missing"),
        ComplianceIssue(code="cardNumber", severity="warning", message="on page 2"),
        ComplianceIssue(code="c"),
    )


@pytest.mark.parametrize("issue", ["of \ud83d", {"code": "\udc00", "severity": "\ud800", "message": "\ud800"}])
def test_what_is_no_character_in_an_issue_is_replaced(issue: object) -> None:
    """One lone surrogate in an answer made a record that could be neither read nor listed."""
    _, (read,) = read_answer(answer(issues=[issue]))
    assert "\ufffd" in read.message
    json.dumps(read.to_payload(), ensure_ascii=False).encode()


def test_many_long_issues_are_capped_and_all_counted() -> None:
    verdict, read = read_answer(answer(issues=[{"code": "c" * 500, "message": "m" * 500}] * 500))
    assert verdict.issue_count == 500
    assert len(read) == 100
    assert len(read[0].message) == 300
    assert len(read[0].code) == 100
