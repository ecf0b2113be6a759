"""Cases: timers in races with sub-orchestrations, and rewinds of parents and children."""

from tests.fidelity.scripts import (
    Case,
    Step,
    client,
    delete,
    ends,
    get,
    look,
    outcome,
    pause,
    post,
    raise_event,
    settle,
    steps,
)

_SEEN = "?showHistory=true&showHistoryOutput=true&showInput=true"
_CHILD = "/instances/{i}-child"
_CASES: dict[str, Case] = {}
_BY_THEMSELVES = """
    child_beats_timer timer_beats_child failing_child_beats_timer retried_child_beats_timer child_in_rounds
    child_races_itself
"""


def _case(name: str, orchestrator: str, given: object, *taken: Step, seconds: float = 25) -> None:
    _CASES[name] = steps(name, orchestrator, given, *taken, seconds=seconds)


def _event_to(ending: str, body: bytes) -> Step:
    return post(f"/instances/{{i}}{ending}/raiseEvent/go", body)


def _see(ending: str = "-child") -> Step:
    return get(f"/instances/{{i}}{ending}{_SEEN}")


def _verb(verb: str, ending: str = "") -> Step:
    return post(f"/instances/{{i}}{ending}/{verb}?reason=x")


def _races() -> None:
    late = (pause(4), look(), _event_to("-child", b'"late"'))
    _case("timer_then_child", "timer_then_child", None, *late, settle(10), _see())
    _case(
        "left_child_lives_on",
        "timer_beats_child",
        None,
        settle(10),
        _see(),
        _verb("terminate", "-child"),
        pause(2),
        _see(),
    )
    _case(
        "left_child_purged_first",
        "timer_beats_child",
        None,
        settle(10),
        delete(_CHILD),
        delete("/instances/{i}"),
        get(_CHILD),
    )
    for name, ending in (("child", "-child"), ("parent", "")):
        won = (pause(2), _event_to(ending, b'"won"'), settle(10), _see())
        _case(f"child_timer_event_{name}", "child_timer_event", None, *won)
    second_child = (pause(4), _event_to("-child2", b"2"), pause(1), look(), _event_to("-child1", b"1"))
    _case("pair_of_children_and_timer", "pair_of_children_and_timer", None, *second_child)
    generations = (pause(4), look(), _event_to("-child", b'"late"'), pause(2), _see(), settle(12))
    _case("child_of_an_earlier_generation", "child_of_an_earlier_generation", None, *generations)


def _steered_children() -> None:
    for verb in ("terminate", "suspend"):
        _case(
            f"child_{verb}",
            "catches_child",
            None,
            pause(2),
            _verb(verb, "-child"),
            pause(2),
            _see(),
            look(),
            seconds=2,
        )
    resumed = (pause(2), _verb("suspend", "-child"), pause(3), look(), _event_to("-child", b"7"), pause(1), _see())
    _case(
        "child_resumed_after_timer",
        "timer_then_child",
        None,
        *resumed,
        _verb("resume", "-child"),
        settle(10),
        _see(),
    )
    held = (pause(0.7), _verb("suspend"), pause(4), look(), _event_to("-child", b"7"), pause(2), _see(), look())
    _case("parent_held_in_race", "timer_then_child", None, *held, _verb("resume"))
    lost = (pause(2), _verb("terminate"), settle(8), _event_to("-child", b"1"), pause(2), _see(), look())
    _case("parent_ended_before_child", "child_timer_event", None, *lost)
    restarted = (settle(10), post("/instances/{i}/restart?restartWithNewInstanceId=false"), pause(3))
    _case("parent_restarted", "child_beats_timer", None, *restarted, seconds=3)


def _rewinds() -> None:
    rewind, failed = _verb("rewind"), settle(15)
    _case("rewind_three_levels", "fails_deep", 0, failed, rewind, pause(4), _see(), _see("-child-child"))
    _case(
        "rewind_one_of_two_children",
        "one_of_two_children_fails",
        None,
        failed,
        rewind,
        pause(4),
        _see("-fails_once"),
    )
    _case("rewind_child_alone", "fails_deep", 1, failed, _verb("rewind", "-child"), pause(4), _see(), look())
    _case(
        "rewind_child_then_parent",
        "fails_deep",
        1,
        failed,
        _verb("rewind", "-child"),
        pause(4),
        rewind,
        pause(4),
        _see(),
    )
    _case("rewind_in_vain_then_again", "fails_once", 2, failed, rewind, pause(3), look(), rewind, pause(3))
    _case("rewind_two_in_turn", "two_fail_in_turn", None, failed, rewind, pause(3), look(), rewind, pause(3))
    _case("rewind_after_event", "fails_after_event", None, pause(1), raise_event("5"), failed, rewind, pause(3))
    _case("rewind_second_generation", "fails_in_second_generation", None, failed, rewind, pause(3))
    _case("rewind_after_catch", "catches_flaky_child", None, failed, rewind, pause(4), _see())
    _case("rewind_own_fault", "raises_late", None, failed, rewind, pause(8), client("rewind", "again"), pause(8))
    _case("rewind_entity_failure", "entity_fails_uncaught", None, failed, rewind, pause(3))
    ended = (pause(1), _verb("terminate"), settle(8), rewind, client("rewind", "x"))
    _case("rewind_terminated", "waits_long", 1, *ended)
    _case(
        "rewind_then_purge",
        "fails_once",
        None,
        failed,
        rewind,
        pause(3),
        delete("/instances/{i}"),
        rewind,
        seconds=2,
    )


for _add in (_races, _steered_children, _rewinds):
    _add()
CASES: dict[str, Case] = {**{name: ends(name, name) for name in _BY_THEMSELVES.split()}, **_CASES}
for _name in ("many_children", "all_children_with_failure"):
    CASES[_name] = outcome(_name, _name)
CASES["chain_of_children"] = ends("chain_of_children", "chain_of_children", 6)
