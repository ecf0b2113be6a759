"""Imports point one way: function_app -> triggers, orchestrators, activities, entities -> docpipeline."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {
    "activities", "bench", "devhost", "docpipeline", "emulators", "entities", "function_app", "infra", "local",
    "orchestrators", "samples", "scripts", "tests", "triggers",
}  # fmt: skip
FUNCTIONS = {"azure.functions", "azure.durable_functions"}

ALLOWED = {
    "function_app.py": {"activities", "entities", "orchestrators", "triggers", "docpipeline", *FUNCTIONS},
    "triggers": {"triggers", "docpipeline", *FUNCTIONS},
    "orchestrators": {"orchestrators", "docpipeline.models", "docpipeline.telemetry", "azure.durable_functions"},
    "activities": {"activities", "docpipeline", "azure.durable_functions"},
    "entities": {"entities", "docpipeline.models", "azure.durable_functions"},
    "docpipeline/models": {"docpipeline.models", "docpipeline.errors"},
    "docpipeline/services": {
        "docpipeline.services", "docpipeline.models", "docpipeline.errors", "docpipeline.resilience",
        "docpipeline.telemetry",
    },
    "docpipeline": {"docpipeline"},
    "emulators": {"emulators", "devhost.protection"},
    "local": {"local", "devhost.protection"},
    "bench": {"bench"},
    "infra": {"infra"},
}  # fmt: skip


def imported(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively; write the full name"
            if node.module in ("docpipeline", "azure"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def files() -> Iterator[tuple[str, Path]]:
    """Each file with the narrowest rule that covers it."""
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT).as_posix()
        rules = [rule for rule in ALLOWED if relative == rule or relative.startswith(f"{rule}/")]
        if rules:
            yield max(rules, key=len), path


def is_restricted(module: str) -> bool:
    """Whether the rules restrict this module: they do for ours, and for the Functions packages."""
    return module.partition(".")[0] in OURS or any(within(module, one) for one in FUNCTIONS)


def within(module: str, package: str) -> bool:
    """Whether ``module`` is ``package`` or below it."""
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize(
    ("rule", "path"), [pytest.param(*pair, id=pair[1].relative_to(ROOT).as_posix()) for pair in files()]
)
def test_a_module_imports_only_what_lies_below_it(rule: str, path: Path) -> None:
    wrong = [
        module
        for module in imported(path)
        if is_restricted(module) and not any(within(module, allowed) for allowed in ALLOWED[rule])
    ]
    assert not wrong, f"{path.relative_to(ROOT)} may import {sorted(ALLOWED[rule])}, and imports {wrong}"


def test_tests_import_only_the_testing_package_of_devhost() -> None:
    paths = [path for folder in ("tests", "scripts", "samples") for path in sorted((ROOT / folder).rglob("*.py"))]
    modules = {module for path in paths for module in imported(path) if within(module, "devhost")}
    assert {module for module in modules if module != "devhost.testing"} == set()


def test_only_settings_reads_the_environment() -> None:
    at_home = {"local", "emulators", "bench", "infra"}
    shipped = [path for rule, path in files() if rule.partition("/")[0] not in at_home]
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in shipped
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert set(readers) <= {"docpipeline/settings.py"}


def test_only_models_copy_themselves_with_changes() -> None:
    """``model_copy`` checks neither names nor values. Any module could change records with it."""
    shipped = ("activities/", "docpipeline/", "entities/", "orchestrators/", "triggers/")
    copying = [
        path.relative_to(ROOT).as_posix()
        for _, path in files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "model_copy"
    ]
    changing = {path for path in copying if path.startswith(shipped)}
    assert {path for path in changing if not path.startswith("docpipeline/models/")} == set()


def test_our_tests_are_not_shadowed_by_those_the_durable_package_installs() -> None:
    import tests

    assert Path(tests.__file__ or "").is_relative_to(ROOT)
