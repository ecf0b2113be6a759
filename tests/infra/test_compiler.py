"""Every Bicep file satisfies the compiler, and the checks find what is wrong."""

from pathlib import Path

import pytest

from scripts.bicep import find_compiler
from scripts.check_infra import INFRA, unparsable
from tests.infra.deployments import compiler

# The compiler takes seconds for each deployment, and minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)


def test_the_compiler_has_nothing_to_say() -> None:
    assert compiler().diagnostics(INFRA) == []


def test_every_file_is_formatted() -> None:
    assert compiler().unformatted(INFRA) == []


def test_every_file_parses_where_there_is_no_compiler() -> None:
    assert len(list(INFRA.rglob("*.bicep"))) > 10
    assert unparsable(INFRA) == []


def test_a_file_that_does_not_parse_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.bicep").write_text("param name string\nresource = {\n")
    assert unparsable(tmp_path)[0].startswith("wrong.bicep:2")


def test_a_warning_and_a_broken_rule_are_failures(tmp_path: Path) -> None:
    (tmp_path / "bicepconfig.json").write_bytes((INFRA / "bicepconfig.json").read_bytes())
    (tmp_path / "wrong.bicep").write_text(
        "param unused string\n"
        "resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {\n"
        "  name: 'st'\n  location: 'westeurope'\n  kind: 'StorageV2'\n  sku: { name: 'Standard_LRS' }\n"
        "  properties: { allowBlobPublicAcess: false }\n}\n"
    )
    found = "\n".join(compiler().diagnostics(tmp_path))
    assert "BCP037" in found or "BCP089" in found
    assert "Error no-unused-params" in found
    assert "Error no-hardcoded-location" in found
    assert compiler().unformatted(tmp_path) == []


@pytest.mark.parametrize("rule", ["no-unused-params", "use-description-params", "what-if-short-circuiting"])
def test_rules_are_errors(rule: str) -> None:
    assert f'"{rule}": {{ "level": "error" }}' in (INFRA / "bicepconfig.json").read_text()


def test_the_compiler_is_the_one_that_is_named(tmp_path: Path) -> None:
    assert find_compiler({"BICEP": "/opt/bicep", "PATH": str(tmp_path)}) == Path("/opt/bicep")
    (tmp_path / "bicep").touch(mode=0o755)
    assert find_compiler({"PATH": str(tmp_path)}) == tmp_path / "bicep"
