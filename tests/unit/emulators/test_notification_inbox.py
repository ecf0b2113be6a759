"""The inbox: signed as Standard Webhooks, each id once, kept over restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import pytest
from standardwebhooks import Webhook

from emulators.errors import StartupError
from emulators.notification_inbox import decode_secret
from emulators.server import start_server
from emulators.settings import LOCAL_WEBHOOK_SECRET, EmulatorSettings

BODY = '{"type":"document.completed","id":"n-1"}'

T = TypeVar("T")


def signed(
    notification_id: str, secret: str = LOCAL_WEBHOOK_SECRET, age: timedelta = timedelta()
) -> dict[str, str]:
    """Headers as the reference library signs them."""
    sent_at = datetime.now(UTC) - age
    return {
        "webhook-id": notification_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(notification_id, sent_at, BODY),
    }


async def send(
    client: aiohttp.ClientSession, headers: dict[str, str], body: str = BODY
) -> tuple[int, dict[str, Any]]:
    async with client.post("/notifications", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def inbox_of(client: aiohttp.ClientSession) -> list[dict[str, Any]]:
    async with client.get("/notifications/inbox") as answer:
        notifications: list[dict[str, Any]] = (await answer.json())["notifications"]
        return notifications


async def test_signed_notification_is_listed_with_headers_and_body(emulators: aiohttp.ClientSession) -> None:
    assert await send(emulators, signed("n-1")) == (200, {"id": "n-1", "duplicate": False})

    [entry] = await inbox_of(emulators)
    assert (entry["id"], entry["deliveries"], entry["body"]["type"]) == ("n-1", 1, "document.completed")
    assert entry["headers"]["webhook-id"] == "n-1"
    assert entry["receivedAt"].endswith("Z")


async def test_repeated_id_is_stored_once_and_its_deliveries_counted(emulators: aiohttp.ClientSession) -> None:
    for notification_id in ("n-1", "n-2", "n-1"):
        await send(emulators, signed(notification_id))

    assert [(entry["id"], entry["deliveries"]) for entry in await inbox_of(emulators)] == [("n-1", 2), ("n-2", 1)]


async def test_wrong_secret_age_body_or_missing_header_is_refused(emulators: aiohttp.ClientSession) -> None:
    other_secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    unsigned = {name: value for name, value in signed("n-1").items() if name != "webhook-signature"}

    assert (await send(emulators, signed("n-1", other_secret)))[0] == 401
    assert (await send(emulators, signed("n-1", age=timedelta(seconds=302))))[0] == 401
    assert (await send(emulators, signed("n-1", age=-timedelta(seconds=302))))[0] == 401
    assert (await send(emulators, signed("n-1"), BODY + " "))[0] == 401
    assert (await send(emulators, unsigned))[0] == 401
    assert (await send(emulators, {**signed("n-1"), "webhook-timestamp": "soon"}))[0] == 401
    assert await inbox_of(emulators) == []


async def test_any_of_several_signatures_may_match(emulators: aiohttp.ClientSession) -> None:
    headers = signed("n-1")
    headers["webhook-signature"] = "v1a,AAAA v1,AAAA " + headers["webhook-signature"]

    assert (await send(emulators, headers))[0] == 200


async def test_inbox_survives_a_restart_until_it_is_emptied(settings: EmulatorSettings) -> None:
    async def restarted(work: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
        runner, port = await start_server(settings)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            result = await work(client)
        await runner.cleanup()
        return result

    await restarted(lambda client: send(client, signed("n-1")))
    assert [entry["id"] for entry in await restarted(inbox_of)] == ["n-1"]
    await restarted(lambda client: client.delete("/notifications/inbox"))
    assert await restarted(inbox_of) == []


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "bG9jYWw="])
def test_malformed_secret_names_the_setting_and_not_the_value(secret: str) -> None:
    with pytest.raises(StartupError, match="NOTIFICATION_WEBHOOK_SECRET") as refused:
        decode_secret(secret)
    assert "bG9j" not in str(refused.value)
