"""Notifications are signed CloudEvents. A repeated notification is the same event."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from docpipeline.errors import CircuitOpen, ServiceRefused, ServiceUnavailable
from docpipeline.models.event_names import NotificationType
from docpipeline.models.runs import RunReference
from docpipeline.resilience import ServiceBreaker
from docpipeline.services.notifications import Notifier, signature_headers
from tests.azurite import free_ports
from tests.clocks import ManualClock
from tests.unit.services.scripted_server import ScriptedServer

RUN = RunReference(document_id="inv-17", instance_id="run-1")
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture
def clock() -> ManualClock:
    # The library refuses timestamps that are more than five minutes off.
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def notifier(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[Notifier]:
    url = f"{server.base_url}/hook?token=hidden"
    service = Notifier(url, SECRET, "/document-pipeline", ServiceBreaker("notifications"), clock)
    yield service
    await service.close()


async def send(notifier: Notifier, type: NotificationType = NotificationType.COMPLETED) -> None:
    await notifier.send(type, RUN, {"documentId": "inv-17", "userId": "Łukasz"})


async def test_a_notification_is_a_cloud_event(
    notifier: Notifier, server: ScriptedServer, clock: ManualClock
) -> None:
    server.answer(204)
    await send(notifier)
    (request,) = server.seen
    event = json.loads(request.body)
    assert request.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "/document-pipeline",
        "type": "document.completed",
        "subject": "inv-17",
        "time": clock().isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"documentId": "inv-17", "userId": "Łukasz"},
    }


async def test_the_official_library_accepts_the_signature(notifier: Notifier, server: ScriptedServer) -> None:
    server.answer(200)
    await send(notifier)
    (request,) = server.seen
    verified = Webhook(SECRET).verify(request.body, request.headers)
    assert verified["id"] == request.headers["webhook-id"]


async def test_sent_again_it_is_the_same_notification_with_a_new_timestamp(
    notifier: Notifier, server: ScriptedServer, clock: ManualClock
) -> None:
    server.answer(200)
    await send(notifier)
    clock.advance(timedelta(seconds=90))
    await send(notifier)
    await send(notifier, NotificationType.FAILED)
    first, second, other = server.seen
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 90
    assert other.headers["webhook-id"] != first.headers["webhook-id"]


def test_the_signature_is_that_of_the_published_vector() -> None:
    body = b'{"type":"document.approved","timestamp":"2026-11-22T12:00:00Z","data":{"id":"doc-1"}}'
    at = datetime.fromtimestamp(1674087231, UTC)
    assert signature_headers(SECRET, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", at, body) == {
        "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "webhook-timestamp": "1674087231",
        "webhook-signature": "v1,HJKpB73SKPzRq5CHCANJxtnAck8YSJiMj1B8sEkWpY8=",
    }


@pytest.mark.parametrize("status", [408, 429, 500, 502, 504])
async def test_a_busy_or_broken_receiver_is_unavailable_for_now(
    notifier: Notifier, server: ScriptedServer, status: int
) -> None:
    server.answer(status)
    with pytest.raises(ServiceUnavailable, match=str(status)):
        await send(notifier)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 410])
async def test_a_receiver_that_refuses_is_not_followed_anywhere(
    notifier: Notifier, server: ScriptedServer, status: int
) -> None:
    server.answer(status, headers={"Location": f"{server.base_url}/elsewhere"})
    with pytest.raises(ServiceRefused, match="NOTIFICATION_WEBHOOK_URL") as refused:
        await send(notifier)
    assert len(server.seen) == 1
    assert "hidden" not in str(refused.value)


async def test_a_receiver_that_is_not_there_is_unavailable_and_its_url_stays_secret() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}/hook?token=hidden"
    notifier = Notifier(url, SECRET, "/p", ServiceBreaker("notifications", failures_until_open=1))
    with pytest.raises(ServiceUnavailable, match="did not answer") as down:
        await send(notifier)
    assert "hidden" not in str(down.value)
    with pytest.raises(CircuitOpen):
        await send(notifier)
    await notifier.close()


async def test_without_a_url_a_notification_is_logged_without_its_data(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    notifier = Notifier(None, None, "/p", ServiceBreaker("notifications"))
    await send(notifier)
    (record,) = caplog.records
    assert "document.completed not sent: NOTIFICATION_WEBHOOK_URL is not set" in record.getMessage()
    assert record.__dict__["document_id"] == "inv-17"
    assert "ukasz" not in caplog.text
