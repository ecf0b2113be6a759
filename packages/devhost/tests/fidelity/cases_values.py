"""Cases: values, and orchestrators that run by themselves."""

from typing import Any

from tests.fidelity.scripts import Case, ends


def _nested(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


_INPUTS: dict[str, Any] = {
    "null": None,
    "empty_text": "",
    "space": " ",
    "text": "s",
    "number_text": "123",
    "json_text": '{"a":1}',
    "int": 12,
    "float_whole": 1.0,
    "float": 1.5,
    "big_float": 1e20,
    "small_float": 1e-7,
    "long": 123456789012345678,
    "over_double": 2**53 + 1,
    "over_long": 2**63,
    "huge_int": 10**30,
    "true": True,
    "list": [1, "2", None],
    "empty_list": [],
    "empty_object": {},
    "object": {"b": 1, "a": {"z": [1.0]}},
    "date": "2026-01-01T00:00:00Z",
    "date_offset": "2026-01-01T00:00:00+02:00",
    "date_in": {"d": "2026-01-01T00:00:00.1230000Z"},
    "unicode": "\u00e9\u4e2d\U0001f600\u2028</s>",
    "control": "a\u0001\u0000b",
    "big_text": "x" * 70000,
    "type_key": {"$type": "System.String", "v": 1},
    "ref_key": {"$ref": "1", "$id": "1"},
    "deep": _nested(70),
}
_WITH_KIND = ("null", "text", "number_text", "int", "date", "object")
# Orchestrators that need nothing; each is a case of its own name.
_BY_THEMSELVES = """
    fixed_values no_input_activity fails_oddly catches raises raises_late returns_object unknown_activity
    unknown_activity_uncaught unknown_sub unknown_entity wrong_case_activity sub_ok sub_fails sub_fails_uncaught
    retry_ok retry_exhausted retry_exhausted_uncaught retry_sub retry_in_all all_with_failure any_of timer_short
    timer_past race_not_cancelled race_timeout custom_status_null custom_status_big again again_with_result
    again_pending_work entity_all entity_fails entity_fails_uncaught entity_signal guids clocks identity
    identity_of_child changes_its_mind changes_the_name no_yield http_post ends_before_child child_id_taken
    same_timer_twice many_awaited_one_by_one any_then_rest nested_groups
"""
_CALLED_PAGES = ("/ok", "/text", "/missing", "/error", "/poll", "/empty", "/nocontent")


def _inputs() -> dict[str, Case]:
    through = {
        f"{prefix}_{name}": ends(f"{prefix}_{name}", orchestrator, given)
        for name, given in _INPUTS.items()
        for prefix, orchestrator in (("in", "give_back"), ("act", "through_activity"))
    }
    kinds = {f"kind_{name}": ends(f"kind_{name}", "kind_of", _INPUTS[name]) for name in _WITH_KIND}
    return through | kinds


CASES: dict[str, Case] = {
    **_inputs(),
    "in_none": ends("in_none", "give_back", has_input=False),
    **{name: ends(name, name) for name in _BY_THEMSELVES.split()},
    "in_huge": ends("in_huge", "through_activity", "é" * 700000),
    "fan_out_many": ends("fan_out_many", "fan_out", 150),
    "no_orchestrator": ends("no_orchestrator", "no_such_orchestrator", 1),
    "wrong_case_orchestrator": ends("wrong_case_orchestrator", "GIVE_Back", 1),
    "fan_out": ends("fan_out", "fan_out", 20),
    "fails_by_activity": ends("fails_by_activity", "fails_by_activity", "x"),
    "race_cancel": ends("race_cancel", "race_cancel", 600),
    **{
        "http" + page.replace("/", "_"): ends("http" + page.replace("/", "_"), "http_get", page)
        for page in _CALLED_PAGES
    },
    "http_refused": ends("http_refused", "http_get", ":1/x"),
}
