"""`python -m emulators` as a real process, and the real clients of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
    """The emulators on a free port; stopped at the end of the block."""

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
        self.process.communicate(timeout=20)
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
        """Analyze a document that must fail, and return how."""
        with pytest.raises(HttpResponseError) as caught:
            self.analyze(document, pages)
        return caught.value

    def submit(self, document: bytes) -> str:
        """Submit without waiting; return the operation's URL."""
        url = f"{self.url}/formrecognizer/documentModels/prebuilt-read:analyze?api-version=2023-07-31"
        headers = {"Content-Type": "application/octet-stream", "Ocp-Apim-Subscription-Key": "k"}
        answer = requests.post(url, data=document, headers=headers, timeout=20)
        assert answer.status_code == 202, answer.text
        return answer.headers["Operation-Location"]

    def poll(self, operation: str) -> dict[str, Any]:
        """Poll an operation, whichever port it was submitted to."""
        path = operation[operation.index("/formrecognizer") :]
        headers = {"Ocp-Apim-Subscription-Key": "k"}
        answer: dict[str, Any] = requests.get(self.url + path, headers=headers, timeout=20).json()
        return answer

    def get(self, path: str) -> Any:
        """Return the JSON of a control route."""
        return requests.get(self.url + path, timeout=20).json()

    def inject(self, service: EmulatedService, **fault: Unpack[FaultFields]) -> None:
        """Make a service fail."""
        description: dict[str, Any] = {"service": service, **fault}
        assert requests.post(f"{self.url}/faults", json=description, timeout=20).status_code == 201

    def children(self) -> list[psutil.Process]:
        """The worker processes."""
        return psutil.Process(self.process.pid).children(recursive=True)


def error_of(failure: HttpResponseError) -> ODataV4Format:
    """The error in the body of the service's answer."""
    assert failure.error is not None
    return failure.error


def wait_until(description: str, condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Return the first true value of `condition`, or fail naming what did not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)  # between looks, up to the deadline
    raise AssertionError(f"Not within {seconds} s: {description}")


def _environment() -> dict[str, str]:
    names = ("EMULATOR_PORT", "STATE_DIR", "EMULATOR_RULES", "NOTIFICATION_WEBHOOK_SECRET")
    return {name: value for name, value in os.environ.items() if name not in names}
