"""Functions reach each other by name: every name called must be registered, and every function be called."""

import ast
from pathlib import Path

import activities
import entities
import orchestrators

ROOT = Path(__file__).parents[2]


def registered(folder: object) -> set[str]:
    """Names of the functions in a folder's blueprints."""
    return {
        builder._function.get_function_name()
        for blueprint in folder.blueprints  # type: ignore[attr-defined]
        for builder in blueprint._function_builders
    }


def called(function: str, argument: int, *folders: str) -> set[str]:
    """Strings given as the ``argument``-th argument of ``function`` in these folders, as such or by a constant."""
    names = set()
    for folder in folders:
        for path in (ROOT / folder).glob("*.py"):
            tree = ast.parse(path.read_text())
            constants = {
                target.id: node.value.value
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and len(node.args) > argument:
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    value = node.args[argument]
                    if name == function and isinstance(value, ast.Constant):
                        names.add(value.value)
                    if name == function and isinstance(value, ast.Name) and value.id in constants:
                        names.add(constants[value.id])
    return names


def test_every_activity_called_is_registered_and_every_one_registered_is_called() -> None:
    by_name = called("ActivityCall", 0, "orchestrators") | called("_settle", 2, "orchestrators")
    assert by_name == registered(activities)


def test_the_orchestrator_that_is_started_is_registered() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "triggers").glob("*.py"))
    assert [name for name in registered(orchestrators) if f'"{name}"' in source] == [
        "document_processing_orchestrator"
    ]


def test_the_entity_that_is_signalled_is_registered() -> None:
    assert called("EntityId", 0, "orchestrators", "triggers") == registered(entities) == {"document_counter"}


def test_a_file_is_named_as_its_function() -> None:
    for folder in (activities, entities, orchestrators):
        files = {path.stem for path in Path(folder.__file__ or "").parent.glob("*.py")}
        assert {name.removesuffix("_orchestrator") for name in registered(folder)} <= files
