from typing import Any

import pytest

from devhost.engine import versions
from devhost.engine.errors import OptionsError
from devhost.engine.options import EngineOptions


def options(settings: dict[str, str] | None = None, **durable_task: Any) -> EngineOptions:
    return EngineOptions.from_host_json({"extensions": {"durableTask": durable_task}}, settings or {})


def test_an_empty_host_json_gives_the_defaults() -> None:
    assert EngineOptions.from_host_json({"version": "2.0"}, {}) == EngineOptions()


def test_names_are_read_without_case() -> None:
    assert options(HUBNAME="Docs", maxconcurrentactivityfunctions=3).max_concurrent_activities == 3


def test_the_hub_name_may_come_from_a_setting() -> None:
    assert options({"HUB": "FromSetting"}, hubName="%HUB%").hub_name == "FromSetting"
    assert options({"WEBSITE_SITE_NAME": "Site"}).hub_name == "Site"


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("maxConcurrentActivityFunctions", 0, "a whole number of at least 1"),
        ("maxEntityOperationBatchSize", "many", "a whole number of at least 1"),
        ("hubName", "1x", "3 to 45 letters and digits"),
        ("hubName", "%NOPE%", "NOPE is not set"),
        ("overridableExistingInstanceStates", "All", "one of NonRunningStates, AnyState"),
        ("storeInputsInOrchestrationHistory", 1, "true or false"),
        ("versionMatchStrategy", "Newer", "one of None, Strict, CurrentOrOlder"),
        ("defaultVersion", 2, "a text"),
    ],
)
def test_a_wrong_value_is_named_with_the_form_it_takes(name: str, value: Any, form: str) -> None:
    with pytest.raises(OptionsError, match=rf"extensions\.durableTask\.{name} is .*{form}"):
        options(**{name: value})


@pytest.mark.parametrize(
    ("older", "newer"), [(None, "1"), ("", "0.1"), ("1.9", "1.10"), ("1.2.3", "1.3"), ("alpha", "Beta")]
)
def test_versions_compare_as_numbers_where_they_are_numbers(older: str | None, newer: str) -> None:
    assert (versions.compare(older, newer), versions.compare(newer, older)) == (-1, 1)
    assert versions.compare(newer, newer.upper()) == 0


@pytest.mark.parametrize(
    ("strategy", "accepted"),
    [("None", ["0.9", "1.0", "1.1"]), ("Strict", ["1.0"]), ("CurrentOrOlder", ["0.9", "1.0"])],
)
def test_the_match_strategy_says_which_versions_run(strategy: str, accepted: list[str]) -> None:
    host = EngineOptions(default_version="1.0", version_match_strategy=strategy)
    assert [version for version in ("0.9", "1.0", "1.1") if versions.may_run(version, host)] == accepted
