"""Notifications: CloudEvents 1.0 as structured JSON, signed as Standard Webhooks 1.0."""

import base64
import hashlib
import hmac
import json
import logging
from datetime import datetime
from typing import Any

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.event_names import NotificationType
from docpipeline.models.instance_ids import notification_id
from docpipeline.models.runs import RunReference
from docpipeline.resilience import Clock, ServiceBreaker, utc_now
from docpipeline.services.http_session import HttpSession
from docpipeline.services.service_responses import refused_or_unavailable
from docpipeline.telemetry import log_fields

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_SERVICE = "notification webhook"
_TOTAL_SECONDS = 20.0


class Notifier:
    """Sends notifications to the webhook. One instance serves the whole process.

    Args:
        url: where notifications are posted; None to log them only.
        secret: ``whsec_`` and the base64 of the signing key; None when ``url`` is.
        source: CloudEvents ``source``.
        breaker: guards the receiver.
        clock: gives the current time, UTC.
    """

    def __init__(
        self,
        url: str | None,
        secret: str | None,
        source: str,
        breaker: ServiceBreaker,
        clock: Clock = utc_now,
    ) -> None:
        self._url = url
        self._secret = secret or ""
        self._source = source
        self._breaker = breaker
        self._clock = clock
        self._session = HttpSession(_TOTAL_SECONDS)

    async def send(self, type: NotificationType, run: RunReference, data: dict[str, Any]) -> None:
        """Send one notification. Its id follows from the run and the type, so that receivers know a repetition.

        Args:
            type: what happened.
            run: the run it happened in; its document is sent as ``subject``.
            data: camelCase keys and plain JSON values; no text of the document, no secret.

        Raises:
            ServiceUnavailable: 408, 429, 5xx, a timeout or no connection; CircuitOpen while the circuit is open.
            ServiceRefused: any other answer but 2xx; redirects are not followed.
        """
        if self._url is None:
            log.info(
                "Notification %s not sent: NOTIFICATION_WEBHOOK_URL is not set",
                type.value,
                extra=log_fields(run),
            )
            return
        now = self._clock()
        event = self._event(type, run, data, now)
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": CONTENT_TYPE, **signature_headers(self._secret, event["id"], now, body)}
        with self._breaker.calling():
            await self._post(self._url, body, headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _event(
        self, type: NotificationType, run: RunReference, data: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": notification_id(run.instance_id, type.value),
            "source": self._source,
            "type": type.value,
            "subject": run.document_id,
            "time": now.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        }

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        import aiohttp

        try:
            # A redirect would take the signature elsewhere.
            request = self._session.get().post(url, data=body, headers=headers, allow_redirects=False)
            async with request as response:
                status = response.status
                if not 200 <= status < 300:
                    remedy = "check NOTIFICATION_WEBHOOK_URL and NOTIFICATION_WEBHOOK_SECRET"
                    raise refused_or_unavailable(_SERVICE, status, response.headers, remedy)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # The error's text is left out: it may show the URL, which may hold a token.
            raise ServiceUnavailable(_SERVICE, f"it did not answer ({type(error).__name__})") from None


def signature_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks for a body.

    Args:
        secret: ``whsec_`` and the base64 of the key.
        message_id: the same in every attempt, so that receivers recognise a repetition.
        at: time of this attempt.
        body: exactly the bytes that are sent.
    """
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, b".".join((message_id.encode(), timestamp.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
