"""Functions reach each other by name: every name called must be registered, and every function be called."""

from pathlib import Path

import pytest

import activities
import entities
import orchestrators
from tests.repository import registered
from tests.repository.called_names import CalledNames, NameUnknown
from tests.repository.files import ROOT

APP = (
    "function_app.py",
    "activities/*.py",
    "docpipeline/**/*.py",
    "entities/*.py",
    "orchestrators/*.py",
    "triggers/*.py",
)


@pytest.fixture(scope="module")
def called() -> CalledNames:
    """The names that are called in the app."""
    paths = [path for pattern in APP for path in ROOT.glob(pattern)]
    return CalledNames({path.relative_to(ROOT).as_posix(): path.read_text() for path in paths})


def test_every_activity_called_is_registered_and_every_one_registered_is_called(called: CalledNames) -> None:
    assert called.of("activity") == registered.names(activities)


def test_every_orchestrator_started_is_registered_and_every_one_registered_is_started(called: CalledNames) -> None:
    assert called.of("orchestrator") == registered.names(orchestrators) == {"document_processing_orchestrator"}


def test_every_entity_signalled_is_registered_and_every_one_registered_is_signalled(called: CalledNames) -> None:
    assert called.of("entity") == registered.names(entities) == {"document_counter"}


@pytest.mark.parametrize(
    ("source", "kind", "names"),
    [
        ('x = context.call_activity("a", 1)', "activity", {"a"}),
        ('NAME = "b"\nx = context.call_activity_with_retry(NAME, options)', "activity", {"b"}),
        ('x = ActivityCall(activity="c", payload=p, policy=q)', "activity", {"c"}),
        (
            "def f(run, name):\n    ActivityCall(name, p, q)\n\nf(run, 'd')\nf(run, name='e')",
            "activity",
            {"d", "e"},
        ),
        ("class C:\n    def f(self, name):\n        ActivityCall(name)\n\nC().f('f')", "activity", {"f"}),
        ("def f(*, name):\n    ActivityCall(name)\n\ndef g(n):\n    f(name=n)\n\ng('g')", "activity", {"g"}),
        ("x = context.call_sub_orchestrator('h')", "orchestrator", {"h"}),
        ("async def f(client):\n    await client.start_new('i', None, {})", "orchestrator", {"i"}),
        ("context.signal_entity(df.EntityId('j', 'key'), 'op')", "entity", {"j"}),
        ("x = lambda: context.call_entity(EntityId(name='k', key='k'), 'op')", "entity", {"k"}),
    ],
)
def test_a_name_is_seen_however_it_is_passed(source: str, kind: str, names: set[str]) -> None:
    assert CalledNames({"module.py": source}).of(kind) == names


@pytest.mark.parametrize(
    "source",
    [
        'context.call_activity(f"{prefix}_document")',
        'context.call_activity("a" if flag else "b")',
        "context.call_activity(names[0])",
        "context.call_activity(*arguments)",
        "context.call_activity(imported)",
        "def f(name):\n    ActivityCall(name)\n\nf(names[0])",
    ],
)
def test_a_name_that_cannot_be_seen_is_refused(source: str) -> None:
    with pytest.raises(NameUnknown, match=r"module\.py, line \d"):
        CalledNames({"module.py": source}).of("activity")


def test_instances_are_purged_one_by_one_and_never_by_a_filter() -> None:
    """The Durable extension ignores a status that it does not know, and would delete every instance."""
    sources = {path: path.read_text() for pattern in APP for path in ROOT.glob(pattern)}
    assert [path for path, text in sources.items() if "purge_instance_history_by" in text] == []


def test_a_file_is_named_as_its_function() -> None:
    for folder in (activities, entities, orchestrators):
        files = {path.stem for path in Path(folder.__file__ or "").parent.glob("*.py")}
        assert {name.removesuffix("_orchestrator") for name in registered.names(folder)} <= files
