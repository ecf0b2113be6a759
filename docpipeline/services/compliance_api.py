"""The compliance service: ``POST {text, metadata}``, answered with ``{compliant, issues, confidence}``."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.compliance import MAX_ISSUES, ComplianceIssue, ComplianceVerdict
from docpipeline.resilience import ServiceBreaker
from docpipeline.services.http_session import HttpSession
from docpipeline.services.service_responses import read_bounded, refused_or_unavailable

if TYPE_CHECKING:
    import aiohttp

_SERVICE = "compliance API"
_TOTAL_SECONDS = 60.0
_MOST_ANSWER_BYTES = 1024 * 1024
_NOT_UNDERSTOOD = ComplianceVerdict(is_compliant=False, understood=False)


class ComplianceApi:
    """Asks whether a text is compliant. One instance serves the whole process.

    Args:
        endpoint: the URL that texts are posted to.
        key: sent as a bearer token; None to send none.
        breaker: guards the service.
    """

    def __init__(self, endpoint: str, key: str | None, breaker: ServiceBreaker) -> None:
        self._endpoint = endpoint
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._breaker = breaker
        self._session = HttpSession(_TOTAL_SECONDS)

    async def check(
        self, text: str, metadata: Mapping[str, str]
    ) -> tuple[ComplianceVerdict, tuple[ComplianceIssue, ...]]:
        """Check a text.

        Returns:
            The verdict, and at most 100 issues. An answer that cannot be understood counts as not compliant, with
            no confidence and ``understood`` false. An answer without a confidence keeps its verdict.

        Raises:
            ServiceUnavailable: 408, 429, 5xx, a timeout or no connection; CircuitOpen while the circuit is open.
            ServiceRefused: any other answer but 200.
        """
        with self._breaker.calling():
            body = await self._post({"text": text, "metadata": dict(metadata)})
        return read_answer(body)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _post(self, body: dict[str, Any]) -> bytes | None:
        import aiohttp

        try:
            request = self._session.get().post(
                self._endpoint, json=body, headers=self._headers, allow_redirects=False
            )
            async with request as response:
                return await self._read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServiceUnavailable(_SERVICE, f"it did not answer ({type(error).__name__})") from error

    async def _read(self, response: "aiohttp.ClientResponse") -> bytes | None:
        if response.status == 200:
            return await read_bounded(response, _MOST_ANSWER_BYTES)
        remedy = "check COMPLIANCE_API_ENDPOINT and COMPLIANCE_API_KEY"
        raise refused_or_unavailable(_SERVICE, response.status, response.headers, remedy)


def read_answer(body: bytes | None) -> tuple[ComplianceVerdict, tuple[ComplianceIssue, ...]]:
    """The verdict and issues in an answer. A malformed or too long (None) body counts as not understood."""
    try:
        answer = json.loads(body or b"")
        compliant, confidence = answer["compliant"], answer.get("confidence")
        issues = [_issue(entry) for entry in answer["issues"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _NOT_UNDERSTOOD, ()
    if type(compliant) is not bool or not isinstance(answer["issues"], list) or not _is_confidence(confidence):
        return _NOT_UNDERSTOOD, ()
    verdict = ComplianceVerdict(is_compliant=compliant, confidence=confidence, issue_count=len(issues))
    return verdict, tuple(issues[:MAX_ISSUES])


def _issue(entry: Any) -> ComplianceIssue:
    if isinstance(entry, str):
        return ComplianceIssue(code="issue", message=entry)
    code, severity, message = entry["code"], entry.get("severity", "error"), entry.get("message", "")
    if not (isinstance(code, str) and code and isinstance(severity, str) and isinstance(message, str)):
        raise TypeError("an issue is a string, or an object of strings")
    return ComplianceIssue(code=code, severity=severity, message=message)


def _is_confidence(value: Any) -> bool:
    if value is None:
        return True
    # bool is an int; NaN is not in the range.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
