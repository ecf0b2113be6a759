"""Functions reach each other by name: every name called must be registered, and every function be called."""

from pathlib import Path

import activities
import entities
import orchestrators
from tests.repository import registered
from tests.repository.files import ROOT
from tests.repository.syntax import called


def test_every_activity_called_is_registered_and_every_one_registered_is_called() -> None:
    by_name = called("ActivityCall", 0, "orchestrators") | called("_settle", 2, "orchestrators")
    assert by_name == registered.names(activities)


def test_the_orchestrator_that_is_started_is_registered() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "triggers").glob("*.py"))
    assert [name for name in registered.names(orchestrators) if f'"{name}"' in source] == [
        "document_processing_orchestrator"
    ]


def test_the_entity_that_is_signalled_is_registered() -> None:
    assert called("EntityId", 0, "orchestrators", "triggers") == registered.names(entities) == {"document_counter"}


def test_a_file_is_named_as_its_function() -> None:
    for folder in (activities, entities, orchestrators):
        files = {path.stem for path in Path(folder.__file__ or "").parent.glob("*.py")}
        assert {name.removesuffix("_orchestrator") for name in registered.names(folder)} <= files
