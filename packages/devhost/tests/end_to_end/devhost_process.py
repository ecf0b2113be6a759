"""Runs ``python -m devhost start`` as a process of its own on free ports, for tests of the host alone."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.unit.functions.http_client import Answer, ask
from tests.waiting import eventually

PACKAGE = Path(__file__).parents[2]
SAMPLE_APP = PACKAGE / "tests" / "apps" / "durable_sample"
LAUNCHER = (sys.executable, "-m", "devhost")
FINISHED = ("Completed", "Failed", "Terminated")
_READY = re.compile(r"Host ready on (http://[0-9.]+:[0-9]+)\s")


class DevhostProcess:
    """A host over the sample app.

    Args:
        folder: Holds the host's state, its log, and the files through which tests and the app's activities meet.
        options: Further command line options.
        app: The app, by default the durable sample.
        launcher: The beginning of the command line, by default ``python -m devhost``.
    """

    def __init__(
        self, folder: Path, *options: str, app: Path = SAMPLE_APP, launcher: Sequence[str] = LAUNCHER
    ) -> None:
        self.folder, self._options, self._app, self._launcher = folder, options, app, launcher
        self._log = folder / "host.log"
        self.start()

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        """Start the process and wait until it says that it is ready, or has ended."""
        command = [
            *self._launcher,
            "start",
            "--app",
            str(self._app),
            "--port",
            "0",
            "--rpc-port",
            "0",
        ]
        command += ["--state-dir", str(self.folder / "state"), *self._options]
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=PACKAGE,
                stdout=log,
                stderr=log,
                env={**os.environ, "SAMPLE_FOLDER": str(self.folder), **(environ or {})},
            )
        try:
            eventually(self._is_ready_or_has_ended, "the host is ready", 120)
        except BaseException:
            self.kill()  # Nobody else could: whoever wanted it has nothing in hand.
            raise

    def _is_ready_or_has_ended(self) -> bool:
        return bool(_READY.search(self.output)) or self.process.poll() is not None

    @property
    def output(self) -> str:
        """What the process wrote since its start, both streams."""
        return self._log.read_bytes()[self._log_start :].decode()

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:port`` of the public port."""
        ready = _READY.search(self.output)
        assert ready, self.output
        return ready[1]

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End the process as an operator would; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def ask(
        self, method: str, path: str, document: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request to the public port."""
        return ask(self.origin, method, path, headers=headers, document=document)

    def begin(self, orchestrator: str, given: Any = None, instance_id: str = "") -> str:
        """Start an orchestration through the app and the SDK's client; returns its id."""
        answer = self.ask("POST", f"/api/start/{orchestrator}?id={instance_id}", given)
        assert answer.status == 202, (answer, self.output[-3000:])
        identifier: str = answer.json["id"]
        return identifier

    def client(self, method: str, *args: Any, entity: tuple[str, str] | None = None) -> Any:
        """Call a method of the SDK's client inside the app; returns its answer, or ``raised: text``."""
        request = {"args": args} | ({"entity": entity} if entity else {})
        answer = self.ask("POST", f"/api/client/{method}", request)
        assert answer.status in (200, 409), (answer, self.output[-3000:])
        return answer.json.get("answer", f"raised: {answer.json['raised']}" if answer.status == 409 else None)

    def status(self, instance_id: str, query: str = "") -> dict[str, Any]:
        """The instance's status object, from the webhook."""
        answer = self.ask("GET", f"/runtime/webhooks/durabletask/instances/{instance_id}{query}")
        assert answer.body, answer
        document: dict[str, Any] = answer.json
        return document

    def wait_for(self, instance_id: str, *runtime_statuses: str) -> dict[str, Any]:
        """The status object once it has one of these runtime statuses (by default: has finished)."""
        awaited = runtime_statuses or FINISHED
        return eventually(
            lambda: seen if (seen := self.status(instance_id))["runtimeStatus"] in awaited else None,
            f"{instance_id} is {' or '.join(awaited)}",
        )

    def lines_of(self, name: str) -> list[str]:
        """Lines of a file that the app's functions write into the test's folder."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []
