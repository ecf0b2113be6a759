"""A host over the app of every feature, reached over the local RPC API, the webhooks and the SDK's client."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.end_to_end.devhost_process import PACKAGE, DevhostProcess
from tests.unit.functions.http_client import Answer, ask

EVERY_FEATURE = PACKAGE / "tests" / "every_feature"
WEBHOOKS = "/runtime/webhooks/durabletask"
JSON = {"Content-Type": "application/json"}


class ContractHost(DevhostProcess):
    """A running host. Paths of ``rpc`` and ``webhook`` are relative to the base of that API."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder, "--clock", "virtual", *options, app=EVERY_FEATURE)

    @cached_property
    def keys(self) -> dict[str, str]:
        """The keys of the host, by name, from the file that its output names; none without ``--enable-auth``."""
        file = re.search(r"^Keys \(.*\): (.*)$", self.output, re.MULTILINE)
        keys: dict[str, str] = json.loads(Path(file[1]).read_text()) if file else {}
        return keys

    @cached_property
    def binding(self) -> dict[str, Any]:
        """What the host hands to durable client parameters."""
        headers = {"x-functions-key": self.keys["function"]} if self.keys else None
        binding: dict[str, Any] = self.ask("GET", "/api/binding", headers=headers).json
        return binding

    def rpc(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        document: Any = None,
    ) -> Answer:
        """Send a request to the local RPC API."""
        origin, _, base = self.binding["rpcBaseUrl"].rpartition("/durabletask/")
        assert not base
        return ask(origin, method, f"/durabletask/{path}", body, headers, document)

    def webhook(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        document: Any = None,
    ) -> Answer:
        """Send a request to the public webhooks."""
        return ask(self.origin, method, f"{WEBHOOKS}/{path}", body, headers, document)

    def sdk(self, method: str, *args: Any, entity: tuple[str, str] | None = None, **named: Any) -> Any:
        """Call a method of the SDK's client inside the app, with named arguments too."""
        request = {"args": args, "named": named} | ({"entity": entity} if entity else {})
        answer = self.ask("POST", f"/api/client/{method}", request)
        assert answer.status in (200, 409), (answer, self.output[-3000:])
        return answer.json["answer"] if answer.status == 200 else f"raised: {answer.json['raised']}"

    def run(self, orchestrator: str, given: Any = None, instance_id: str = "") -> dict[str, Any]:
        """Start an orchestration, and return its status object when it has finished."""
        return self.wait_for(self.begin(orchestrator, given, instance_id))

    def waiting(self, instance_id: str = "") -> str:
        """Start an instance that waits for the event ``go``, wait until it does, and return its id."""
        return str(self.wait_for(self.begin("wait_for_go", None, instance_id), "Running")["instanceId"])

    def instance_in(self, runtime_status: str) -> str:
        """Bring an instance into a runtime status, and return its id."""
        if runtime_status == "Pending":
            # Its version is above the host's, so the host does not run it.
            return str(self.rpc("POST", "orchestrators/wait_for_go?version=9.0").json["id"])
        if runtime_status == "Completed":
            return str(self.run("give_back", "the end")["instanceId"])
        if runtime_status == "Failed":
            return str(self.run("fail_by_code", "sorry")["instanceId"])
        instance_id = self.waiting()
        verb = {"Terminated": "terminate", "Suspended": "suspend"}.get(runtime_status)
        if verb:
            assert self.rpc("POST", f"instances/{instance_id}/{verb}?reason=because").status == 202
        return str(self.wait_for(instance_id, runtime_status)["instanceId"])

    def skip(self, seconds: float) -> None:
        """Move the virtual clock."""
        assert self.ask("POST", "/devhost/clock", {"advanceSeconds": seconds}).status == 200
