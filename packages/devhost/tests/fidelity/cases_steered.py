"""Cases: orchestrators that are steered, by events and by operators."""

from tests.fidelity.scripts import (
    Case,
    Step,
    client,
    delete,
    get,
    hook,
    look,
    pause,
    post,
    raise_event,
    settle,
    steps,
)

_QUERIES = (
    "",
    "?showInput=false",
    "?showInput=true",
    "?showHistory=true",
    "?showHistory=true&showHistoryOutput=true",
    "?returnInternalServerErrorOnFailure=true",
    "?showHistory=maybe",
)
_CASES: dict[str, Case] = {}


def _case(name: str, orchestrator: str, given: object, *taken: Step, seconds: float = 25) -> None:
    _CASES[name] = steps(name, orchestrator, given, *taken, seconds=seconds)


def _verb(verb: str, query: str = "") -> Step:
    return post(f"/instances/{{i}}/{verb}{query}")


def _event_bodies() -> None:
    bodies = {"json": '{"a": 1.0}', "text": '"123"', "number": "12", "null": "null", "empty": "", "true": "true"}
    bodies |= {"date": '"2026-01-01T00:00:00Z"', "unicode": '"é中😀"'}
    for name, body in bodies.items():
        _case(f"event_{name}", "event_once", None, raise_event(body))
    _case("event_bad_json", "event_once", None, raise_event("{a"), raise_event("1"))
    _case("event_wrong_type", "event_once", None, raise_event("plain words", kind="text/plain"), raise_event("1"))
    given = {
        "dict": {"name": "go", "data": {"a": 1}},
        "text": {"name": "go", "data": "123"},
        "none": {"name": "go"},
    }
    for name, event in given.items():
        _case(f"event_client_{name}", "event_once", None, client("raise", event))


def _events() -> None:
    one, two, three = (raise_event(str(number)) for number in (1, 2, 3))
    _case("event_case", "event_once", None, raise_event("1", "GO"), pause(2), look(), two)
    _case("event_unasked", "event_once", None, raise_event("1", "other"), pause(1), two)
    _case("events_in_order", "events_in_order", None, one, two, three)
    _case("events_before", "events_after_work", None, one, two)
    _case("events_two_waiters", "events_two_waiters", None, pause(1), one, pause(1), two, seconds=12)
    _case("event_any", "event_any", None, pause(1), raise_event("1", "no"))
    late = client("raise", {"name": "go", "data": 1})
    _case("event_to_ended", "give_back", 1, settle(10), one, late)
    _case("again_keeps_events", "again_keeps_events", None, one, two, three)
    _case("custom_status", "custom_status", None, pause(1.5), look(), one)
    _case("cancelled_then_more", "cancelled_then_more", None, pause(1), one)
    for name in ("again_after_event", "again_after_event_and_pause", "again_after_event_and_activity"):
        _case(name, name, None, pause(1), one, pause(4), look(), two, seconds=12)
    _case("again_leaves_events", "again_leaves_events", None, pause(0.5), one, two, seconds=12)


def _suspensions() -> None:
    hold, resume = _verb("suspend", "?reason=hold"), _verb("resume", "?reason=on")
    again = (_verb("suspend", "?reason=s"), pause(1), _verb("suspend", "?reason=again"))
    end = (_verb("terminate", "?reason=t"), settle(5))
    _case("suspend_then_terminate", "waits_long", 1, pause(1), *again, *end, seconds=5)
    _case("resume_running", "waits_long", 1, pause(1), _verb("resume", "?reason=s"), look(), seconds=1)
    held = (pause(1), hold, pause(1), look(), raise_event("1"), raise_event("2"), pause(1), look())
    _case("suspend", "events_in_order", None, *held, resume, pause(1), look(), raise_event("3"))
    slow = (pause(0.6), client("suspend", "hold"), pause(2), client("resume", "on"))
    _case("suspend_slow", "slow_three", None, *slow)
    by_hand = (_verb("suspend", "?reason=hold"), _verb("resume", "?reason=hold"))
    _case("suspend_ended", "give_back", 1, settle(10), *by_hand, client("suspend", "x"), client("resume", "x"))


def _terminations() -> None:
    in_parent = (pause(2), _verb("terminate", "?reason=x"), pause(2), get("/instances/{i}-child"), look())
    _case("parent_terminated", "parent_of_waiting", None, *in_parent, seconds=4)
    again = (_verb("terminate", "?reason=again"), client("terminate", "again"))
    first = (pause(1), look(), _verb("terminate", "?reason=enough%20now"), settle(10))
    _case("terminate", "waits_long", 1, *first, *again)
    _case("terminate_no_reason", "waits_long", 1, pause(1), _verb("terminate"))
    _case("terminate_client", "waits_long", 1, pause(1), client("terminate", "by client"))
    _case("terminate_midway", "slow_three", None, pause(1.5), _verb("terminate", "?reason=x"), pause(3))


def _second_lives() -> None:
    rewind = _verb("rewind", "?reason=mended")
    _case("rewind_parent", "sub_fails_uncaught", 1, settle(10), client("rewind", "mended"), pause(4))
    _case(
        "rewind_running", "waits_long", 1, pause(1), _verb("rewind", "?reason=s"), client("rewind", "x"), seconds=1
    )
    _case("rewind_failed", "fails_by_activity", 1, settle(10), rewind, pause(3))
    _case("rewind_completed", "give_back", 1, settle(10), rewind, client("rewind", "x"))
    _case("rewind_flaky", "retry_exhausted_uncaught", 1, settle(15), client("rewind", "mended"), pause(4))
    same = _verb("restart", "?restartWithNewInstanceId=false")
    _case("restart_running", "waits_long", 1, pause(1), same, client("restart", False), seconds=1)
    _case("restart_same", "give_back", {"a": 1}, settle(10), same, pause(2))
    _case("restart_new", "give_back", {"a": 1}, settle(10), _verb("restart"), client("restart", True), pause(2))


def _purges() -> None:
    purge = delete("/instances/{i}")
    _case("child_purged_with_parent", "sub_ok", None, settle(10), purge, get("/instances/{i}-child"), seconds=2)
    _case("purge", "give_back", 1, settle(10), purge, purge, client("purge"), seconds=2)
    _case("purge_running", "waits_long", 1, pause(1.5), purge, client("purge"), look(), seconds=2)


def _looks() -> None:
    _case("client_wait", "timer_short", None, client("wait", 10000))
    _case("client_wait_short", "waits_long", None, client("wait", 700), seconds=1)
    _case("client_payload", "give_back", 1, client("payload"))
    _case("long_timer", "waits_long", 10, pause(1.5), look(), seconds=1)
    running = [get("/instances/{i}" + query) for query in _QUERIES]
    ended = (raise_event("1"), settle(10), get("/instances/{i}"), get("/instances/{i}?showInput=false"))
    _case("look_forms", "custom_status", {"big": 1}, pause(1.5), *running, *ended)
    failed = (get("/instances/{i}"), get("/instances/{i}?returnInternalServerErrorOnFailure=true"))
    _case("look_failed", "raises", None, settle(10), *failed)
    wrong = [
        hook("PUT", "/instances/{i}", b"{}"),
        post("/instances/{i}", b"{}"),
        post("/instances/{i}/dance", b"{}"),
    ]
    wrong += [get("/instances/{i}/terminate"), get("/nothing"), get("/instances/{i}/raiseEvent/x")]
    _case("bad_verbs", "give_back", 1, settle(10), *wrong, post("/instances/{i}/raiseEvent", b"1"))


def _entity() -> None:
    seen, named = get("/entities/counter/{i}"), client("entity", {"name": "counter"})
    text, unknown = "/entities/counter/{i}?op=text", {"name": "no_such_entity", "op": "text", "data": "v"}
    added = (seen, post("/entities/counter/{i}?op=add", b"5"), pause(1), seen)
    kept = (
        post("/entities/counter/{i}", b"5"),
        get("/entities/COUNTER/{i}"),
        post(text, b'{"x": [1.0]}'),
        pause(1),
        seen,
    )
    plain = (post(text, b"plain", "text/plain"), pause(1), seen)
    by_client = (named, client("signal", {"name": "counter", "op": "text", "data": "v"}), pause(1), named)
    nobody = (client("signal", unknown), get("/entities/no_such_entity/k"), client("entity", {"name": "other"}))
    removed = (post("/entities/counter/{i}?op=remove"), pause(1), seen)
    wrong = (get("/entities/counter/{i}/more"), hook("PUT", "/entities/counter/{i}", b"1"))
    parts = (*added, *kept, *plain, *by_client, *nobody, *removed, *wrong)
    _case("entity_http", "entity_signal", None, settle(10), *parts)


for _add in (_event_bodies, _events, _suspensions, _terminations, _second_lives, _purges, _looks, _entity):
    _add()
CASES = _CASES
