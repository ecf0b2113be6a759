"""checkov, a scanner of infrastructure, over what is deployed: over the snapshot, which it really reads."""

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.infra.deployments import BACKENDS, Resource, resources

# The compiler takes seconds for each deployment, and minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)

SKIPPED = {
    "CKV_AZURE_17": "client certificates: callers have function keys",
    "CKV_AZURE_36": "trusted services on the runtime's account: none of them needs it, so none is let in",
    "CKV_AZURE_78": "FTPS: Flex Consumption has none",
    "CKV_AZURE_206": "copies in another region: documents stay in theirs; `storageSkuName` chooses otherwise",
    "CKV_AZURE_212": "several instances: Flex Consumption scales itself, `dedicatedInstances` the other plan",
    "CKV_AZURE_213": "health check: Flex Consumption has none",
    "CKV_AZURE_222": "the app's own public access: callers and azd need it; `publicApp` closes it",
    "CKV_AZURE_225": "zone redundancy: it doubles the least cost",
}
"""Checks that do not apply, each with the reason. Comments in Bicep do not survive the compiler."""


def scan(folder: Path, named: Sequence[Resource]) -> dict[str, Any]:
    """What checkov finds: ``{passed, failed, parsing_errors, resource_count, failures: {check: resources}}``."""
    program = os.environ.get("CHECKOV") or shutil.which("checkov")
    if program is None:
        pytest.skip(
            "no checkov was found by CHECKOV or on the PATH; `uv tool install checkov==3.3.30` installs it"
        )
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": named,
    }
    (folder / "snapshot.json").write_text(json.dumps(template))
    options = ["--framework", "arm", "--compact", "--quiet", "--output", "json", "--soft-fail"]
    done = subprocess.run(
        [program, *options, "--directory", str(folder)], capture_output=True, text=True, check=False
    )
    answer = json.loads(done.stdout)
    failures: dict[str, list[str]] = {}
    for one in answer["results"]["failed_checks"]:
        failures.setdefault(one["check_id"], []).append(one["resource"])
    return {**answer["summary"], "failures": failures}


def test_nothing_is_found_that_is_not_explained(tmp_path: Path) -> None:
    deployed = [one for backend in BACKENDS for one in resources(backend)]
    found = scan(tmp_path, deployed)
    assert found["parsing_errors"] == 0
    assert found["resource_count"] >= 80
    assert found["passed"] > 50
    assert {check: where for check, where in found["failures"].items() if check not in SKIPPED} == {}
    assert SKIPPED.keys() - found["failures"].keys() == set(), "this is skipped and no longer found"


def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    deployed = copy.deepcopy(resources("AzureStorage"))
    account = next(one for one in deployed if one["type"] == "Microsoft.Storage/storageAccounts")
    account["properties"]["minimumTlsVersion"] = "TLS1_0"
    assert "CKV_AZURE_44" in scan(tmp_path, deployed)["failures"]
