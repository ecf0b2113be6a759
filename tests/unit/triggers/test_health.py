"""GET /health."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.unit.triggers.conftest import PipelineFactory, request
from triggers.health import health

SERVICES = ("DOCUMENT_INTELLIGENCE_ENDPOINT", "COMPLIANCE_API_ENDPOINT")


@pytest.fixture
async def reachable() -> AsyncIterator[dict[str, str]]:
    """Settings that name a port where something listens."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield dict.fromkeys(SERVICES, f"http://127.0.0.1:{port}/path")
    server.close()
    await server.wait_closed()


@pytest.fixture
def unreachable() -> dict[str, str]:
    """Settings that name a port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {name: f"http://127.0.0.1:{probe.getsockname()[1]}" for name in SERVICES}


async def test_all_reachable_is_healthy(pipeline_with: PipelineFactory, reachable: dict[str, str]) -> None:
    answer = await pipeline_with(**reachable).call(health, request("GET", "health"))

    assert answer.status == 200
    assert answer.json["status"] == "healthy"
    assert {name: check["status"] for name, check in answer.json["checks"].items()} == {
        "storage": "healthy",
        "documentIntelligence": "healthy",
        "compliance": "healthy",
        "notifications": "notConfigured",
    }


async def test_a_service_that_is_down_is_named_without_its_address(
    pipeline_with: PipelineFactory, unreachable: dict[str, str]
) -> None:
    answer = await pipeline_with(**unreachable).call(health, request("GET", "health"))

    assert (answer.status, answer.json["status"]) == (503, "unhealthy")
    assert answer.json["checks"]["compliance"]["status"] == "unhealthy"
    assert answer.json["checks"]["storage"]["status"] == "healthy"
    assert "127.0.0.1" not in answer.content.decode()


async def test_storage_that_is_down_is_unhealthy(
    pipeline_with: PipelineFactory, reachable: dict[str, str]
) -> None:
    pipeline = pipeline_with(**reachable)
    pipeline.records.is_down = True

    answer = await pipeline.call(health, request("GET", "health"))

    assert answer.status == 503
    assert answer.json["checks"]["storage"] == {"status": "unhealthy", "detail": "it answered 503 (ServerBusy)"}


async def test_answers_are_remembered_for_ten_seconds(
    pipeline_with: PipelineFactory, reachable: dict[str, str]
) -> None:
    pipeline = pipeline_with(**reachable)
    checks = pipeline.services.dependency_checks()
    await checks.run()
    pipeline.records.is_down = True

    remembered = await checks.run()
    pipeline.clock.advance(seconds=11)
    asked_anew = await checks.run()

    assert (remembered["storage"]["status"], asked_anew["storage"]["status"]) == ("healthy", "unhealthy")


async def test_however_many_ask_at_once_a_hanging_dependency_is_asked_once(
    pipeline_with: PipelineFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask without a key, so a flood of questions must not become a flood of connections."""
    opened: list[None] = []
    is_open, release = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        opened.append(None)
        is_open.set()
        await release.wait()

    pipeline = pipeline_with(**dict.fromkeys(SERVICES, "https://127.0.0.1:1"))
    monkeypatch.setattr(pipeline.blobs, "check", hang)
    checks = pipeline.services.dependency_checks()
    asking = [asyncio.create_task(checks.run()) for _ in range(300)]
    await is_open.wait()
    # The remembered answer is long out of date while the dependency hangs.
    pipeline.clock.advance(minutes=1)
    late = asyncio.create_task(checks.run())
    asking[0].cancel()
    release.set()
    first, *others = await asyncio.gather(*asking, late, return_exceptions=True)

    assert len(opened) == 1
    assert isinstance(first, asyncio.CancelledError)
    assert all(answer is others[0] for answer in others)
    assert not isinstance(others[0], BaseException)
    assert others[0]["storage"] == {"status": "healthy"}


async def test_a_check_that_failed_by_a_bug_is_not_remembered(
    pipeline_with: PipelineFactory, reachable: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = pipeline_with(**reachable)
    checks = pipeline.services.dependency_checks()
    with monkeypatch.context() as patched:
        patched.setattr(pipeline.blobs, "check", a_bug)
        with pytest.raises(ZeroDivisionError):
            await checks.run()

    assert (await checks.run())["storage"] == {"status": "healthy"}


async def a_bug() -> None:
    raise ZeroDivisionError
