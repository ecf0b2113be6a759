"""Measure what the settings of the task hub cost and bring, on Microsoft's extension and Azurite.

`.venv/bin/python -m scripts.measure_task_hub idle` (`recovery`, `long`, `throughput`) starts stacks of its own,
one for each choice of settings, prints a table, and stops them. Each is bounded in time:

idle        storage transactions of a hub on which nothing happens, about 5 minutes
recovery    from `kill -9` in the middle of a load to its last document, about 12 minutes
long        how often an activity runs that takes longer than its message stays hidden, about 3 minutes
throughput  documents per second with other partitions and concurrency, about 10 minutes
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from local import LocalStack, parts
from local.part_process import Part
from local.stop_signals import stop_on_signals
from samples.large_document import make_pdf

DURABLE = "AzureFunctionsJobHost__extensions__durableTask__"
PROVIDER = f"{DURABLE}storageProvider__"
SECONDS_OF_A_MONTH = 30 * 24 * 3600
# An idle queue is looked at less and less often, up to the longest pause.
SETTLE_SECONDS, COUNT_SECONDS = 100, 120
DOCUMENTS, LOAD = 40, 20
LONGEST_SECONDS = 420.0
POLLS, POLL_SECONDS = 3, 55
_REQUEST = re.compile(r'"(?P<method>[A-Z]+) /devstoreaccount1/(?P<resource>[^ ?]*)')

Settings = Mapping[str, str]


class CountingStack(LocalStack):
    """A stack on the extension whose Azurite writes a line for each request."""

    def _start(self, part: Part) -> None:
        super()._start(replace(part, command=[word for word in part.command if word != "--silent"]))

    def requests(self) -> list[str]:
        """Method and resource of every request to the storage account so far."""
        found = _REQUEST.finditer(self.logs("azurite"))
        return [f"{match['method']} {match['resource']}" for match in found]

    def cpu_seconds(self) -> float:
        """What Azurite, the host, its worker and the extension have taken so far."""
        roots = [psutil.Process(self.pid(part)) for part in (parts.AZURITE, parts.DEVHOST)]
        processes = [process for root in roots for process in (root, *root.children(recursive=True))]
        return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


@contextmanager
def stack_with(settings: Settings) -> Iterator[CountingStack]:
    """A new stack with these settings over host.json, and with reviews that nobody waits for."""
    with tempfile.TemporaryDirectory() as folder:
        quick = {"EMULATOR_POLL_SECONDS": "0.05", "MAX_PENDING_DOCUMENTS": "1000", **settings}
        with CountingStack(Path(folder), settings=quick, engine="extension") as stack:
            yield stack


def provider(**options: object) -> dict[str, str]:
    """Settings of the storage provider."""
    return {f"{PROVIDER}{name}": str(value) for name, value in options.items()}


def durable(**options: object) -> dict[str, str]:
    """Settings of the extension."""
    return {f"{DURABLE}{name}": str(value) for name, value in options.items()}


def measure_idle() -> None:
    """Count the transactions of hubs on which nothing happens, all at the same time."""
    choices = [(4, 1), (4, 5), (4, 10), (4, 30), (1, 5), (2, 5), (8, 5)]
    with ExitStack() as started:
        stacks = [
            started.enter_context(stack_with(provider(partitionCount=count, maxQueuePollingInterval=span(pause))))
            for count, pause in choices
        ]
        time.sleep(SETTLE_SECONDS)
        before = [len(stack.requests()) for stack in stacks]
        time.sleep(COUNT_SECONDS)
        counted = [
            Counter(map(kind_of, stack.requests()[count:])) for stack, count in zip(stacks, before, strict=True)
        ]
    print("partitions  polling  queue/h  table/h  blob/h  hub/h  hub/month  app/h")
    for (count, pause), kinds in zip(choices, counted, strict=True):
        hour = {kind: round(kinds[kind] * 3600 / COUNT_SECONDS) for kind in ("queue", "table", "blob", "app")}
        hub = hour["queue"] + hour["table"] + hour["blob"]
        month = hub * SECONDS_OF_A_MONTH // 3600
        cells = (count, pause, hour["queue"], hour["table"], hour["blob"], hub, month, hour["app"])
        print("{:>10}  {:>6}s  {:>7}  {:>7}  {:>6}  {:>5}  {:>9}  {:>5}".format(*cells))


def kind_of(request: str) -> str:
    """Which service of the task hub a request went to; `app` when it is none of the hub's."""
    resource = request.partition(" ")[2].lower()
    if not resource.startswith("documentpipeline"):
        return "app"
    if "/messages" in resource:
        return "queue"
    return "table" if "(" in resource else "blob"


def measure_recovery() -> None:
    """Kill the host in the middle of a load, start it at once, and wait for the last document."""
    print("hidden  polling  last document after the restart")
    for minutes, pause in ((1, 1), (1, 5), (1, 30), (2, 5), (5, 5)):
        hidden = span(60 * minutes)
        options = provider(
            controlQueueVisibilityTimeout=hidden,
            workItemQueueVisibilityTimeout=hidden,
            maxQueuePollingInterval=span(pause),
        )
        with stack_with(options) as stack:
            ids = send(stack, DOCUMENTS)
            wait_until(lambda stack=stack, ids=ids: ended(stack, ids) >= 5, 120)  # type: ignore[misc]
            stack.kill_devhost()
            stack.start_devhost()
            begun = time.monotonic()
            wait_until(lambda stack=stack, ids=ids: ended(stack, ids) == len(ids), LONGEST_SECONDS)  # type: ignore[misc]
            print(f"{minutes:>4} m  {pause:>6}s  {time.monotonic() - begun:.0f} s", flush=True)


def measure_long_activity() -> None:
    """Let an activity take longer than its message is hidden, and count how often it runs."""
    options = provider(
        controlQueueVisibilityTimeout=span(60),
        workItemQueueVisibilityTimeout=span(60),
        maxQueuePollingInterval=span(1),
    )
    with stack_with(options) as stack:
        running = {
            "service": "documentIntelligence",
            "on": "poll",
            "body": '{"status": "running"}',
            "count": POLLS,
        }
        ask(f"{stack.emulator_url}/faults", {**running, "retryAfterSeconds": POLL_SECONDS})
        begun = time.monotonic()
        ids = send(stack, 1)
        wait_until(lambda: ended(stack, ids) == 1, LONGEST_SECONDS)
        runs = stack.logs("devhost").count("Executing 'Functions.extract_document_text'")
        renewals = sum("PUT documentpipeline-workitems/messages" in request for request in stack.requests())
        print(f"activity of {POLLS * POLL_SECONDS} s, hidden for 60 s: started {runs} times, its message renewed")
        print(f"{renewals} times, document at its end after {time.monotonic() - begun:.0f} s")


def measure_throughput() -> None:
    """Process the same load with other numbers of partitions, and with other limits of concurrency.

    Documents per second say little on a machine that does other work, too; CPU and requests for each do.
    """
    base = provider(maxQueuePollingInterval=span(1))
    choices: list[tuple[str, Settings]] = [
        (f"{count} partitions", {**base, **provider(partitionCount=count)}) for count in (4, 1, 8)
    ]
    for activities, orchestrators in ((4, 4), (64, 64)):
        limits = durable(
            maxConcurrentActivityFunctions=activities, maxConcurrentOrchestratorFunctions=orchestrators
        )
        choices.append((f"{activities} activities, {orchestrators} orchestrators", {**base, **limits}))
    print("                                 documents/s  CPU s each  requests each")
    for name, settings in choices:
        with stack_with(settings) as stack:
            send_and_wait(stack, 5)
            requests, cpu, begun = len(stack.requests()), stack.cpu_seconds(), time.monotonic()
            send_and_wait(stack, LOAD)
            rate = LOAD / (time.monotonic() - begun)
            cpu, requests = (stack.cpu_seconds() - cpu) / LOAD, (len(stack.requests()) - requests) // LOAD
        print(f"{name:<32} {rate:>11.2f}  {cpu:>10.2f}  {requests:>13}", flush=True)


def send_and_wait(stack: LocalStack, count: int) -> None:
    """Send documents, and wait until all are at their end."""
    ids = send(stack, count)
    wait_until(lambda: ended(stack, ids) == count, LONGEST_SECONDS)


def send(stack: LocalStack, count: int) -> list[str]:
    """Upload new documents of one page, eight at a time, and return their ids."""

    def upload(_: int) -> str:
        url = f"{stack.base_url}/documents?userId=measured&fileName=memo.pdf"
        content = make_pdf(pages=1, seed=time.monotonic_ns())
        while True:
            try:
                return str(ask(url, content, "application/pdf")["documentId"])
            except urllib.error.HTTPError as refusal:
                # A service is away for a moment, or too busy.
                if refusal.code not in (429, 503):
                    raise
                time.sleep(1)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(upload, range(count)))


def ended(stack: LocalStack, ids: Sequence[str]) -> int:
    """How many of these documents are completed."""
    return sum(ask(f"{stack.base_url}/documents/{one}").get("status") == "completed" for one in ids)


def ask(url: str, body: object = None, content_type: str = "application/json") -> dict[str, object]:
    """GET, or POST a body: bytes as they are, anything else as JSON. The answer is an object of JSON."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=60) as answer:
        document: dict[str, object] = json.load(answer)
    return document


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Look twice a second. Raises TimeoutError."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(0.5)


def span(seconds: int) -> str:
    """`hh:mm:ss`, as host.json has it."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


MEASUREMENTS = {
    "idle": measure_idle,
    "recovery": measure_recovery,
    "long": measure_long_activity,
    "throughput": measure_throughput,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the measurement that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=MEASUREMENTS)
    with stop_on_signals():
        MEASUREMENTS[parser.parse_args(arguments).what]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
