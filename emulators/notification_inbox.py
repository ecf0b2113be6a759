"""The notification inbox: receives and lists webhooks that are signed as Standard Webhooks 1.0.

`POST /notifications` is the webhook. `GET /notifications/inbox` lists the notifications, `DELETE` removes them.
A repeated webhook-id is answered 200 and stored once. Its entry counts the `deliveries`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from emulators.clock import timestamp, utc_now
from emulators.database import Database
from emulators.errors import EmulatorError, StartupError
from emulators.faults import FaultBook
from emulators.usage import UsageCounts

TOLERANCE_SECONDS = 300


class BadSignature(EmulatorError):
    """The signature of a webhook is wrong. The message says which part."""


def decode_secret(secret: str) -> bytes:
    """Return the signing key of a Standard Webhooks secret, `whsec_` followed by base64.

    Raises:
        StartupError: the secret has another form. The message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise StartupError(
            "NOTIFICATION_WEBHOOK_SECRET (--webhook-secret) is not base64. Give 'whsec_' and the key in base64."
        ) from error
    if not secret.startswith("whsec_") or not key:
        raise StartupError(
            "NOTIFICATION_WEBHOOK_SECRET (--webhook-secret) has a wrong form. Give 'whsec_' and the key in base64."
        )
    return key


def verify_signature(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check the three webhook headers against the exact bytes received.

    Raises:
        BadSignature: a header is missing, the time is off by more than 300 s, or no `v1` signature matches.
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    # Other bytes could be neither signed nor stored.
    wrong = [name for name in names if not headers.get(name, "").isascii() or not headers.get(name)]
    if wrong:
        raise BadSignature(f"Header {wrong[0]} is missing or not ASCII. Sign as Standard Webhooks 1.0.")
    sent_at = headers["webhook-timestamp"]
    if not sent_at.isascii() or not sent_at.isdigit() or len(sent_at) > 12:
        raise BadSignature("webhook-timestamp is not a whole number of seconds since 1970.")
    if abs(now.timestamp() - int(sent_at)) > TOLERANCE_SECONDS:
        raise BadSignature(f"webhook-timestamp is more than {TOLERANCE_SECONDS} s off. Sign each attempt anew.")
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    given = headers["webhook-signature"].encode().split()
    if not any(hmac.compare_digest(expected, signature) for signature in given):
        raise BadSignature("No v1 signature matches. Sign id.timestamp.body with NOTIFICATION_WEBHOOK_SECRET.")


class NotificationInbox:
    """The notifications received, oldest first, one for each id."""

    def __init__(self, database: Database) -> None:
        """Store the inbox in `database`."""
        self._database = database

    def receive(self, notification_id: str, headers: Mapping[str, str], body: Any) -> bool:
        """Store a notification, or count one more delivery of it. Returns whether it was new."""
        deliveries = self._database.rows(
            "INSERT INTO notifications VALUES (?, (SELECT count(*) FROM notifications), ?, 1, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET deliveries = deliveries + 1 RETURNING deliveries",
            (notification_id, timestamp(), json.dumps(dict(headers)), json.dumps(body)),
        )
        return bool(deliveries[0]["deliveries"] == 1)

    def list(self) -> list[dict[str, Any]]:
        """Return `[{id, receivedAt, deliveries, headers, body}]` of the first delivery of each id."""
        return [
            {
                "id": row["id"],
                "receivedAt": row["received_at"],
                "deliveries": row["deliveries"],
                "headers": json.loads(row["headers"]),
                "body": json.loads(row["body"]),
            }
            for row in self._database.rows("SELECT * FROM notifications ORDER BY position")
        ]

    def clear(self) -> None:
        """Delete all notifications and their ids."""
        self._database.execute("DELETE FROM notifications")


def add_routes(
    app: web.Application, inbox: NotificationInbox, secret: str, faults: FaultBook, usage: UsageCounts
) -> None:
    """Serve the webhook and the inbox; `secret` is a `whsec_` value."""
    key = decode_secret(secret)

    async def receive_notification(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            verify_signature(key, headers, body, utc_now())
            payload = json.loads(body)
        except BadSignature as error:
            return web.json_response({"error": str(error)}, status=401)
        except ValueError:
            return web.json_response({"error": "The body is not JSON. Send a CloudEvent as JSON."}, status=400)
        is_new = inbox.receive(headers["webhook-id"], headers, payload)
        usage.add("notifications.received")
        return web.json_response({"id": headers["webhook-id"], "duplicate": not is_new})

    async def list_notifications(_request: web.Request) -> web.Response:
        return web.json_response({"notifications": inbox.list()})

    async def clear_notifications(_request: web.Request) -> web.Response:
        inbox.clear()
        return web.Response(status=204)

    app.router.add_post("/notifications", faults.guarded("notifications", receive_notification))
    app.router.add_get("/notifications/inbox", list_notifications)
    app.router.add_delete("/notifications/inbox", clear_notifications)
