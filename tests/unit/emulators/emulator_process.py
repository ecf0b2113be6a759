"""`python -m emulators` as a real process, with the real clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Unpack

import psutil
import pytest
import requests
from azure.ai.formrecognizer import AnalyzeResult, DocumentAnalysisClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ODataV4Format

from tests.faults import EmulatedService, FaultFields

REPOSITORY = Path(__file__).resolve().parents[3]
READY = "Emulators ready on "


class EmulatorProcess:
    """The emulators on a free port. They stop at the end of the block."""

    def __init__(self, state_dir: Path, port: int = 0) -> None:
        command = [sys.executable, "-m", "emulators", "--port", str(port), "--state-dir", str(state_dir)]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment()
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().strip()
        self.url = self.first_line.removeprefix(READY)

    def __enter__(self) -> EmulatorProcess:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def client(self, key: str = "any-key", retry_total: int = 0) -> DocumentAnalysisClient:
        """The real SDK client. It makes ``retry_total`` retries."""
        return DocumentAnalysisClient(self.url, AzureKeyCredential(key), retry_total=retry_total)

    def analyze(
        self, document: bytes, pages: str | None = None, features: list[str] | None = None
    ) -> AnalyzeResult:
        """Analyze a document with the real SDK and close the client."""
        with self.client() as client:
            return client.begin_analyze_document(
                "prebuilt-document", document, pages=pages, features=features
            ).result()

    def failure_of(self, document: bytes, pages: str | None = None) -> HttpResponseError:
        """Analyze a document that must fail, and return the failure."""
        with pytest.raises(HttpResponseError) as caught:
            self.analyze(document, pages)
        return caught.value

    def submit(self, document: bytes) -> str:
        """Submit a document, and return the operation's URL without waiting."""
        url = f"{self.url}/formrecognizer/documentModels/prebuilt-read:analyze?api-version=2023-07-31"
        headers = {"Content-Type": "application/octet-stream", "Ocp-Apim-Subscription-Key": "k"}
        answer = requests.post(url, data=document, headers=headers, timeout=60)
        assert answer.status_code == 202, answer.text
        return answer.headers["Operation-Location"]

    def poll(self, operation: str) -> dict[str, Any]:
        """Poll an operation, which may have been submitted to another port."""
        path = operation[operation.index("/formrecognizer") :]
        headers = {"Ocp-Apim-Subscription-Key": "k"}
        answer: dict[str, Any] = requests.get(self.url + path, headers=headers, timeout=60).json()
        return answer

    def get(self, path: str) -> Any:
        """Return the JSON of a control route."""
        return requests.get(self.url + path, timeout=60).json()

    def inject(self, service: EmulatedService, **fault: Unpack[FaultFields]) -> None:
        """Make a service fail."""
        description: dict[str, Any] = {"service": service, **fault}
        assert requests.post(f"{self.url}/faults", json=description, timeout=60).status_code == 201

    def children(self) -> list[psutil.Process]:
        """The worker processes."""
        return psutil.Process(self.process.pid).children(recursive=True)


def error_of(failure: HttpResponseError) -> ODataV4Format:
    """The error in the body of the service's answer."""
    assert failure.error is not None
    return failure.error


def _environment() -> dict[str, str]:
    names = ("EMULATOR_PORT", "STATE_DIR", "EMULATOR_RULES", "NOTIFICATION_WEBHOOK_SECRET")
    return {name: value for name, value in os.environ.items() if name not in names}
