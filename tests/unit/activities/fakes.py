"""Fakes of the outside services, with the methods of the real ones. They record their calls."""

from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any

from docpipeline.models.compliance import ComplianceIssue, ComplianceVerdict
from docpipeline.models.event_names import NotificationType
from docpipeline.models.runs import RunReference
from docpipeline.services.analysis import Analysis


class FakeDocumentIntelligence:
    """Results are ``outcomes`` in order, and the last one repeats. An exception is raised.

    Each of ``refusals`` is raised once by a submission, which then submits nothing.
    """

    def __init__(self) -> None:
        self.refusals: list[BaseException] = []
        self.outcomes: list[Analysis | Exception] = [Analysis("All is well.", 1, "en", 0.9, 0.8, 0.0)]
        self.submitted: list[bytes] = []
        self.polled: list[str] = []

    async def submit(self, content: IO[bytes], model_id: str, until: datetime) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.submitted.append(content.read())
        return f"https://di.example/operations/{len(self.submitted)}"

    async def result(self, operation_url: str, until: datetime) -> Analysis:
        self.polled.append(operation_url)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class FakeComplianceApi:
    """Returns ``answer``, or raises it."""

    def __init__(self) -> None:
        self.answer: tuple[ComplianceVerdict, tuple[ComplianceIssue, ...]] | Exception
        self.answer = (ComplianceVerdict(is_compliant=True, confidence=0.95), ())
        self.requests: list[tuple[str, dict[str, str]]] = []

    async def check(
        self, text: str, metadata: Mapping[str, str]
    ) -> tuple[ComplianceVerdict, tuple[ComplianceIssue, ...]]:
        self.requests.append((text, dict(metadata)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeNotifier:
    """Records notifications, or raises ``fault`` if there is one."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.sent: list[tuple[NotificationType, str, str, dict[str, Any]]] = []

    async def send(self, type: NotificationType, run: RunReference, data: dict[str, Any]) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append((type, run.instance_id, run.document_id, data))

    def types(self) -> list[str]:
        """The types of the notifications, in order."""
        return [type.value for type, *_ in self.sent]
