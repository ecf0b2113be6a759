"""The sped-up SDK must answer byte for byte what the SDK as shipped answers."""

import importlib
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engine.reference_app import FAN_OUT, WORKFLOW, reference_app
from devhost.engine.functions import OnResult
from devhost.functions import sdk_speedups
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.testing import OrchestrationTestHost
from tests.unit.engine.sample_app import SampleApp
from tests.unit.engine.test_random_orchestrations import any_program, make_app

Handles = dict[str, Callable[..., str]]
Document = tuple[str, str]


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    """Name and input document of every episode that runs in the test."""
    seen: list[Document] = []
    original = HostedDurableFunctions.begin_orchestrator

    def recording(self: HostedDurableFunctions, name: str, context_json: str, on_result: OnResult[str]) -> None:
        seen.append((name, context_json))
        original(self, name, context_json, on_result)

    monkeypatch.setattr(HostedDurableFunctions, "begin_orchestrator", recording)
    return seen


@pytest.fixture(autouse=True)
def as_shipped() -> Iterator[None]:
    """The SDK without the patches; another test may have loaded an app, which installs them."""
    sdk_speedups.install()()
    yield
    sdk_speedups.install()()


def is_sped_up() -> bool:
    history = importlib.import_module("azure.durable_functions.models.history.HistoryEvent")
    return hasattr(history.dt_parse, "__devhost_original__")


def handles_of(app: Any) -> Handles:
    """The SDK's handles of an app's functions."""
    return {function.get_function_name(): function.get_user_function() for function in app.get_functions()}


def app_of(*blueprints: Any) -> func.FunctionApp:
    app = func.FunctionApp()
    for blueprint in blueprints:
        app.register_functions(blueprint)
    return app


def answers(handles: Handles, documents: list[Document]) -> list[str]:
    """The SDK's answer to each document, or the text of its exception."""

    def answer(name: str, document: str) -> str:
        try:
            return handles[name](context=func.OrchestrationContext(document))
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    return [answer(name, document) for name, document in documents]


def assert_equal_with_and_without(handles: Handles, documents: list[Document]) -> None:
    plain = answers(handles, documents)
    sdk_speedups.install()
    assert answers(handles, documents) == plain


def test_random_programs_get_equal_answers(tmp_path: Path, documents: list[Document]) -> None:
    with OrchestrationTestHost([make_app()], tmp_path) as host:
        for seed in range(1000, 1040):
            host.start("program", any_program(seed), f"seed-{seed}")
        host.advance(timedelta(hours=3))
    assert len(documents) > 100
    assert_equal_with_and_without(handles_of(app_of(make_app())), documents)


@pytest.mark.parametrize("name", [WORKFLOW, FAN_OUT])
def test_the_reference_workflow_gets_equal_answers(tmp_path: Path, documents: list[Document], name: str) -> None:
    with OrchestrationTestHost(reference_app(), tmp_path) as host:
        host.start(name, {"number": 1, "width": 20})
        host.wait_quiescent()
    assert_equal_with_and_without(handles_of(reference_app()), documents)


@pytest.mark.parametrize(
    ("name", "payload"),
    [("sequence", 1), ("retried", 1), ("failing", 1), ("compensating", 1), ("not_a_generator", 1), ("counting", 1),
     ("eternal", 1), ("event_or_timeout", 500), ("unknown_activity", 1), ("retries_side_by_side", 1)],
)  # fmt: skip
def test_recorded_orchestrations_get_equal_answers(
    tmp_path: Path, documents: list[Document], name: str, payload: Any
) -> None:
    sample = SampleApp()
    sample.failures_left = 99 if name in ("failing", "compensating") else 2
    with OrchestrationTestHost(sample.app, tmp_path) as host:
        host.start(name, payload)
        host.advance(timedelta(days=30))
    assert documents
    assert_equal_with_and_without(handles_of(SampleApp().app), documents)


@given(st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='microseconds')}Z"))
def test_a_stored_time_is_read_as_the_sdk_reads_it(text: str) -> None:
    assert_read_alike(text)


@given(
    st.one_of(
        st.text(max_size=30),
        st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?", fullmatch=True),
    )
)
def test_any_other_time_is_read_as_the_sdk_reads_it(text: str) -> None:
    assert_read_alike(text)


def assert_read_alike(text: str) -> None:
    history = importlib.import_module("azure.durable_functions.models.history.HistoryEvent")

    def read() -> tuple[str, ...]:
        try:
            moment = history.dt_parse(text)
            return repr(moment), moment.isoformat(), str(moment.tzname())
        except Exception as error:
            return (type(error).__name__,)

    plain = read()
    undo = sdk_speedups.install()
    try:
        assert read() == plain
    finally:
        undo()


class Money:
    """A class of the app that travels by the SDK's codec."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    def __repr__(self) -> str:
        return f"Money({self.amount})"

    @staticmethod
    def to_json(value: "Money") -> Any:
        return {"amount": value.amount}

    @staticmethod
    def from_json(parsed: Any) -> "Money":
        return Money(parsed["amount"])


def coded(value: Any) -> list[str]:
    """A value encoded and decoded by the codec, or the failure."""
    codec = importlib.import_module("azure.functions._durable_functions")

    def attempt(work: Callable[[], Any]) -> str:
        try:
            return repr(work())
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    works = (
        lambda: codec.df_dumps(value),
        lambda: codec.df_loads(value),
        lambda: codec.df_loads(codec.df_dumps(value)),
    )
    return [attempt(work) for work in works]


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(_ANY_JSON | st.binary(max_size=5) | st.text(alphabet='\ufeff{}[]":, 01a\ud800', max_size=12))
def test_a_value_is_coded_as_the_sdk_codes_it(value: Any) -> None:
    plain = coded(value)
    undo = sdk_speedups.install()
    try:
        assert coded(value) == plain
    finally:
        undo()


@pytest.mark.parametrize("setting", [None, "1", " TRUE ", "no", ""])
def test_a_class_of_the_app_is_coded_as_the_setting_of_the_moment_says(
    monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    name = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"
    sdk_speedups.install()
    coded(Money(1))  # With the setting from before.
    if setting is None:
        monkeypatch.delenv(name, raising=False)
    else:
        monkeypatch.setenv(name, setting)
    values = [Money(1), {"nested": Money(2)}], Money(3)
    sped_up = [coded(value) for value in values]
    sdk_speedups.install()()
    assert [coded(value) for value in values] == sped_up


def test_it_can_be_undone() -> None:
    sdk_speedups.install()
    undo = sdk_speedups.install()
    assert is_sped_up()
    undo()
    assert not is_sped_up()


@pytest.mark.parametrize(("settings", "expected"), [({}, True), ({sdk_speedups.SETTING: "0"}, False)])
def test_the_setting_forbids_it(settings: dict[str, str], expected: bool) -> None:
    sdk_speedups.install_if_enabled(settings)
    assert is_sped_up() is expected


def test_an_sdk_that_looks_different_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    history = importlib.import_module("azure.durable_functions.models.history.HistoryEvent")
    with monkeypatch.context() as without:
        without.delattr(history, "dt_parse")
        sdk_speedups.install()
        assert "not sped up" in caplog.text
        assert not hasattr(history, "dt_parse")
