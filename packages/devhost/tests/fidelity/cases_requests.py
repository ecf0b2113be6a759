"""Cases: requests to the webhooks that no single instance is the subject of."""

from typing import Any

from tests.fidelity.driver import Driver
from tests.fidelity.scripts import Case, row, rows

_CLIENT_CALLS = ("status", "raise", "terminate", "suspend", "resume", "rewind", "restart", "purge")
_STATUS_QUERIES = (
    "",
    "runtimeStatus=Completed",
    "runtimeStatus=Completed&runtimeStatus=Running",
    "runtimeStatus=Completed,Running",
    "runtimeStatus=Completed,%20Running",
    "runtimeStatus=completed",
    "runtimeStatus=0",
    "runtimeStatus=3",
    "runtimeStatus=Completed,Nonsense",
    "runtimeStatus=Nonsense",
    "runtimeStatus=",
    "showInput=false",
    "top=2",
    "top=3",
    "top=2&runtimeStatus=Running",
)
_LONG_AGO = "createdTimeFrom=1999-01-01T00:00:00Z&createdTimeTo=1999-02-01T00:00:00Z"
_CONTINUATION = "x-ms-continuation-token"


def unknown_instance(driver: Driver) -> Any:
    """Ask all things of an instance that does not exist."""
    verbs = ("terminate?reason=x", "raiseEvent/go", "suspend", "resume", "rewind", "restart")
    asked: list[tuple[str, str, Any]] = [("GET", "/instances/nobody", None)]
    asked += [("POST", f"/instances/nobody/{verb}", b"1") for verb in verbs]
    answers: list[Any] = rows(driver, [*asked, ("DELETE", "/instances/nobody", None)])
    for call in _CLIENT_CALLS:
        given: Any = {"name": "go", "data": 1} if call == "raise" else "x"
        answers.append([call, driver.client(call, "nobody", given)])
    return answers


def start_by_http(driver: Driver) -> Any:
    """Start instances through the webhooks."""
    start, run = "/orchestrators/give_back", driver.run
    asked: list[tuple[str, bytes, str]] = [
        (f"{start}/web1-{run}", b'{"a":1}', "application/json"),
        (start, b"5", "application/json"),
        ("/orchestrators/no_such", b"5", "application/json"),
        (f"{start}/web2-{run}", b"", "application/json"),
        (f"{start}/web3-{run}", b"{a", "application/json"),
        (f"{start}/web4-{run}", b"plain", "text/plain"),
        (f"{start}/web5-{run}?timeout=10&pollingInterval=1", b"6", "application/json"),
    ]
    answers: list[Any] = []
    for path, body, kind in asked:
        answer = driver.hook("POST", path, body, {"Content-Type": kind})
        shown = [answer.headers.get(name) for name in ("content-type", "location", "retry-after")]
        answers.append([path, answer.status, answer.body, *shown])
    for number in range(1, 6):
        ended = driver.wait(f"web{number}-{run}", 8)
        answers.append([number, ended.status, ended.body])
    return answers


def odd_ids(driver: Driver) -> Any:
    """Start instances under ids of all kinds."""
    run = driver.run
    ids = [f"with space {run}", f"with/slash{run}", f"@at{run}", f"$dollar{run}", f"hash#{run}", f"q?{run}"]
    ids += [f"back\\slash{run}", f"ünï{run}", "x" * 99 + run, "x" * 101 + run, "x" * 260 + run, f"tab\t{run}"]
    ids += [f"%2f{run}", f"a:b;c,d={run}", f"'quote\"{run}", f".{run}.", f"UPPER{run}", f"upper{run}"]
    answers: list[Any] = []
    for instance_id in ids:
        started = driver.start("give_back", 1, instance_id)
        if started.status != 202:
            answers.append([instance_id, started.status, started.body])
            continue
        ended = driver.wait(instance_id, 4)
        found = ended.body if isinstance(ended.body, dict) else {"runtimeStatus": ended.body}
        seen = [ended.status, found.get("runtimeStatus"), found.get("instanceId")]
        answers.append([instance_id, started.status, "started", *seen])
    return answers


def same_id_again(driver: Driver) -> Any:
    """Start an instance whose id is taken, by one that runs and by one that has ended."""
    instance_id = f"twice-{driver.run}"
    answers: list[Any] = [driver.start("waits_long", 1, instance_id).status]
    driver.pause(1.5)
    path = f"/orchestrators/waits_long/{instance_id}"
    for answer in (driver.start("waits_long", 1, instance_id), driver.hook("POST", path, b"1")):
        answers.append([answer.status, "started" if answer.status == 202 else answer.body])
    driver.hook("POST", f"/instances/{instance_id}/terminate?reason=x")
    driver.wait(instance_id, 8)
    started = driver.start("give_back", 7, instance_id)
    answers.append([started.status, "started" if started.status == 202 else started.body])
    ended = driver.wait(instance_id, 8)
    return [*answers, [ended.status, ended.body]]


def odd_paths(driver: Driver) -> Any:
    """Ask in paths of other letters, with verbs and parameters that nobody needs."""
    done, waits = f"oddpath-{driver.run}", f"oddpathw-{driver.run}"
    driver.start("entity_signal", None, done)
    driver.wait(done, 8)
    driver.start("waits_long", 1, waits)
    driver.pause(1.5)
    shown = [f"/instances/@counter@{done}", f"/instances/@counter@{done}?showHistory=true", "/entities/counter/$"]
    shown += [
        f"/ENTITIES/counter/{done}",
        f"/INSTANCES/{done}",
        f"/instances/{done}/",
        f"/instances/{done.upper()}",
    ]
    answers = rows(driver, [("GET", path, None) for path in shown])
    answers.append(row(driver, "POST", f"/instances/{waits}/terminate?reason=x&reason=y", b""))
    driver.pause(2)
    asked: list[tuple[str, str, Any]] = [("GET", f"/instances/{waits}", None), ("POST", "/makeprimary", b"")]
    asked += [("HEAD", f"/instances/{done}", None), ("OPTIONS", f"/instances/{done}", None)]
    asked += [
        ("GET", f"/instances/{done}?taskHub=Other", None),
        ("GET", f"/instances/{done}?connection=Nothing", None),
    ]
    return answers + rows(driver, [*asked, ("GET", "/entities?entityNamePrefix=count&top=1", None)])


def list_instances(driver: Driver) -> Any:
    """List instances, with parameters that are none."""
    queries = ["?instanceIdPrefix=web&top=2", "?top=abc", "?top=0", "?top=-1", "?createdTimeFrom=yesterday"]
    queries += [
        "?createdTimeFrom=2099-01-01T00:00:00Z",
        "?runtimeStatus=Completed&top=1",
        "?continuationToken=abc",
    ]
    answers: list[Any] = []
    for query in queries:
        answer = driver.hook("GET", "/instances" + query)
        answers.append([query, answer.status, _outline(answer.body), _CONTINUATION in answer.headers])
    return answers


def list_by_status(driver: Driver) -> Any:
    """Tell which statuses each spelling selects, among instances of one prefix."""
    prefix = f"bystatus-{driver.run}"
    for orchestrator, given, end in (
        ("give_back", 1, "done"),
        ("waits_long", 1, "runs"),
        ("raises", None, "fails"),
    ):
        driver.start(orchestrator, given, f"{prefix}-{end}")
    driver.pause(4)
    answers: list[Any] = []
    for query in _STATUS_QUERIES:
        answer = driver.hook("GET", f"/instances?instanceIdPrefix={prefix}&{query}")
        found, token = answer.body, answer.headers.get(_CONTINUATION)
        ends = [one["instanceId"].rsplit("-", 1)[1] for one in found] if isinstance(found, list) else found
        answers.append([query, answer.status, ends, "none" if token is None else "some" if token else "empty"])
    return answers


def purge_many(driver: Driver) -> Any:
    """Purge by filters that match nothing."""
    queries = ("", "?createdTimeFrom=2099-01-01T00:00:00Z", f"?{_LONG_AGO}", "?createdTimeFrom=abc")
    return [
        [query, answer.status, answer.body]
        for query in (*queries, f"?{_LONG_AGO}&runtimeStatus=Running")
        for answer in [driver.hook("DELETE", "/instances" + query)]
    ]


def list_entities(driver: Driver) -> Any:
    """List entities."""
    queries = ("", "/counter", "/no_such", "?top=1", "?fetchState=true&top=1", "/counter?fetchState=true&top=1")
    answers: list[Any] = []
    for query in (*queries, "?lastOperationTimeFrom=2099-01-01T00:00:00Z"):
        answer = driver.hook("GET", "/entities" + query)
        outline = _outline(answer.body)
        found = [min(outline[0], 1), outline[1]] if isinstance(answer.body, list) else outline
        answers.append([query, answer.status, found])
    return answers


def _outline(body: Any) -> Any:
    """How many there are and what the first one tells; an answer that is no list stays as it is."""
    return [len(body), sorted(body[0]) if body else None] if isinstance(body, list) else body


_ALONE = (unknown_instance, start_by_http, odd_ids, same_id_again, odd_paths)
CASES: dict[str, Case] = {case.__name__: case for case in _ALONE}
# They look at what the others have left.
LATE_CASES: dict[str, Case] = {
    case.__name__: case for case in (list_instances, list_by_status, purge_many, list_entities)
}
