"""What azd runs around provisioning, packaging and removal."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.hooks import host_file, provisioning
from infra.hooks.__main__ import group_name, main
from infra.hooks.errors import HookError
from infra.hooks.provisioning import Clock
from scripts.host_files import with_provider_of
from tests.repository.files import ROOT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ENVIRONMENT = {
    "AZURE_ENV_NAME": "prod",
    "AZURE_SUBSCRIPTION_ID": "sub-1",
    "AZURE_RESOURCE_GROUP": "rg-prod",
    "AZURE_FUNCTION_NAME": "func-flex-x",
    "HOST_STORAGE_NAME": "sthostx",
}
OTHERS = [backend for backend in host_file.BACKENDS if backend != host_file.DEFAULT_BACKEND]


class RecordingAzure:
    """Answers each call with what was set for the end of its path (the last answer again and again)."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self.answers = {"registration": [{"registrationState": "Registered"}], **answers}
        self.calls: list[str] = []
        self.remembered: dict[str, str] = {}

    def call(self, method: str, path: str) -> dict[str, Any]:
        place = path.partition("?")[0]
        self.calls.append(f"{method} {place}")
        name = place.rpartition("/")[2]
        name = "registration" if name == "Microsoft.App" else name
        answers = self.answers.get(name, [{}])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def remember(self, name: str, value: str) -> None:
        self.remembered[name] = value


class SteppedClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.moment = NOW
        self.slept = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.moment, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.moment += timedelta(seconds=seconds)


def provision(azure: RecordingAzure, **environment: str) -> None:
    clock = SteppedClock().clock()
    provisioning.before_provisioning({**ENVIRONMENT, **environment}, azure, "rg-prod", clock)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the host.json files."""
    (tmp_path / "infra" / "hosts").mkdir(parents=True)
    for backend in host_file.BACKENDS:
        source = host_file.host_file_of(ROOT, backend)
        (tmp_path / source.relative_to(ROOT)).write_bytes(source.read_bytes())
    return tmp_path


def in_place(repository: Path) -> Any:
    return json.loads((repository / "host.json").read_text())["extensions"]["durableTask"]["storageProvider"][
        "type"
    ]


@pytest.mark.parametrize("backend", OTHERS)
def test_the_package_gets_the_host_file_of_its_backend_and_the_repository_keeps_its_own(
    repository: Path, backend: str
) -> None:
    own = (repository / "host.json").read_bytes()

    host_file.put_in_place(repository, backend)
    packaged = (repository / "host.json").read_bytes()
    host_file.restore(repository)

    assert packaged == host_file.host_file_of(ROOT, backend).read_bytes()
    assert (repository / "host.json").read_bytes() == own


def test_a_packaging_that_failed_halfway_loses_nothing(repository: Path) -> None:
    own = (repository / "host.json").read_bytes()
    host_file.put_in_place(repository, "Netherite")

    host_file.put_in_place(repository, "DurableTaskScheduler")
    assert in_place(repository) == "azureManaged"
    host_file.put_in_place(repository, "AzureStorage")

    assert (repository / "host.json").read_bytes() == own


def test_an_edit_after_a_packaging_that_failed_is_kept(repository: Path) -> None:
    host_file.put_in_place(repository, "Netherite")
    edited = (repository / "host.json").read_text().replace("Netherite", "AzureStorage")
    (repository / "host.json").write_text(edited)

    host_file.put_in_place(repository, "DurableTaskScheduler")
    host_file.restore(repository)

    assert (repository / "host.json").read_text() == edited


def test_restoring_twice_does_nothing(repository: Path) -> None:
    own = (repository / "host.json").read_bytes()
    host_file.put_in_place(repository, "Netherite")
    host_file.restore(repository)
    host_file.restore(repository)
    assert (repository / "host.json").read_bytes() == own


def test_an_unknown_backend_is_refused_with_the_names_of_the_others(repository: Path) -> None:
    with pytest.raises(HookError, match="none of AzureStorage, Netherite, DurableTaskScheduler"):
        host_file.put_in_place(repository, "netherite")


@pytest.mark.parametrize("backend", OTHERS)
def test_the_host_files_are_equal_but_for_the_storage_provider(backend: str) -> None:
    written = host_file.host_file_of(ROOT, backend).read_text()
    expected = with_provider_of(written, (ROOT / "host.json").read_text())
    assert written == expected, "host.json was changed: write the others anew with python -m scripts.host_files"


def test_the_storage_providers_have_the_names_that_their_extensions_read() -> None:
    providers = {
        backend: json.loads(host_file.host_file_of(ROOT, backend).read_text())["extensions"]["durableTask"][
            "storageProvider"
        ]
        for backend in host_file.BACKENDS
    }
    assert providers["AzureStorage"]["type"] == "AzureStorage"
    assert providers["Netherite"] == {
        "type": "Netherite",
        "PartitionCount": 12,
        "StorageConnectionName": "AzureWebJobsStorage",
        "EventHubsConnectionName": "EventHubsConnection",
    }
    assert providers["DurableTaskScheduler"] == {
        "type": "azureManaged",
        "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    }


def test_the_provider_of_the_subnet_is_registered_and_waited_for() -> None:
    azure = RecordingAzure(
        registration=[{"registrationState": state} for state in ("NotRegistered", "Registering", "Registered")]
    )
    provision(azure)
    assert "POST /subscriptions/sub-1/providers/Microsoft.App/register" in azure.calls


def test_a_registered_provider_is_left_alone() -> None:
    azure = RecordingAzure()
    provision(azure)
    assert [call for call in azure.calls if call.startswith("POST")] == []


def test_a_registration_that_does_not_end_is_given_up_with_a_remedy() -> None:
    azure = RecordingAzure(registration=[{"registrationState": "Registering"}])
    with pytest.raises(HookError, match="az provider show --namespace Microsoft"):
        provision(azure)


def test_dates_are_set_once() -> None:
    first, later = RecordingAzure(), RecordingAzure()
    provision(first)
    provision(later, BUDGET_START_DATE="2026-01-01", KEY_VAULT_EXPIRES_ON="2026-12-01T00:00:00Z")

    assert first.remembered["BUDGET_START_DATE"] == "2026-11-01"
    assert first.remembered["KEY_VAULT_EXPIRES_ON"] == "2027-11-28T00:00:00Z"
    assert not {"BUDGET_START_DATE", "KEY_VAULT_EXPIRES_ON"} & set(later.remembered)


def test_a_secret_is_used_from_the_moment_it_is_given_also_when_it_is_not_given_again() -> None:
    given, later = RecordingAzure(), RecordingAzure()
    provision(given, COMPLIANCE_API_KEY="k")
    provision(later, SECRETS_IN_VAULT=given.remembered["SECRETS_IN_VAULT"], NOTIFICATION_WEBHOOK_SECRET="s")

    assert json.loads(given.remembered["SECRETS_IN_VAULT"]) == ["compliance-api-key"]
    assert json.loads(later.remembered["SECRETS_IN_VAULT"]) == [
        "compliance-api-key",
        "notification-webhook-secret",
    ]


def deleted_account(group: str, kind: str = "FormRecognizer") -> dict[str, Any]:
    place = f"/subscriptions/sub-1/providers/Microsoft.CognitiveServices/locations/x/resourceGroups/{group}"
    return {"id": f"{place}/deletedAccounts/cog-fr-x", "kind": kind}


@pytest.mark.parametrize(
    ("account", "restored"),
    [
        (deleted_account("RG-Prod"), "true"),
        (deleted_account("rg-prod-2"), "false"),
        (deleted_account("rg-prod", kind="OpenAI"), "false"),
    ],
)
def test_what_was_deleted_from_this_group_is_restored(account: dict[str, Any], restored: str) -> None:
    azure = RecordingAzure(deletedAccounts=[{"value": [account]}])
    provision(azure)
    assert azure.remembered["RESTORE_DOCUMENT_INTELLIGENCE"] == restored
    assert azure.remembered["RECOVER_KEY_VAULT"] == "false"


def test_a_deleted_vault_of_this_group_is_recovered() -> None:
    vault = "/subscriptions/sub-1/resourceGroups/rg-prod/providers/Microsoft.KeyVault/vaults/kv-x"
    azure = RecordingAzure(deletedVaults=[{"value": [{"properties": {"vaultId": vault}}]}])
    provision(azure)
    assert azure.remembered["RECOVER_KEY_VAULT"] == "true"


def test_without_a_subscription_the_hook_says_how_to_choose_one() -> None:
    with pytest.raises(HookError, match="azd env set AZURE_SUBSCRIPTION_ID"):
        provision(RecordingAzure(), AZURE_SUBSCRIPTION_ID="")


@pytest.mark.parametrize(("age_seconds", "waited"), [(20, 280), (300, 0), (86400, 0)])
def test_publishing_waits_until_the_youngest_role_has_spread(age_seconds: int, waited: int) -> None:
    created = NOW - timedelta(seconds=age_seconds)
    roles = [f"{created:%Y-%m-%dT%H:%M:%S}.1234567Z", "2026-01-01T00:00:00Z"]
    azure = RecordingAzure(roleAssignments=[{"value": [{"properties": {"createdOn": at}} for at in roles]}])
    clock = SteppedClock()

    provisioning.after_provisioning(ENVIRONMENT, azure, clock.clock())

    assert clock.slept == waited


def test_the_app_leaves_its_network_before_it_is_removed() -> None:
    azure = RecordingAzure()
    provisioning.before_removal(ENVIRONMENT, azure)
    site = "/subscriptions/sub-1/resourceGroups/rg-prod/providers/Microsoft.Web/sites/func-flex-x"
    assert azure.calls == [f"DELETE {site}/networkConfig/virtualNetwork"]


def test_removing_an_environment_that_was_never_deployed_asks_nothing_of_azure() -> None:
    azure = RecordingAzure()
    provisioning.before_removal({"AZURE_ENV_NAME": "prod"}, azure)
    assert azure.calls == []


def test_the_group_is_called_as_the_template_calls_it() -> None:
    assert group_name("prod") == "rg-prod"


def test_a_hook_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postdown"], {}) == 2
    assert "preprovision, postprovision" in capsys.readouterr().err


def test_a_hook_that_fails_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepackage"], {"DURABLE_BACKEND": "mssql"}) == 1
    assert capsys.readouterr().err.startswith("prepackage: DURABLE_BACKEND is 'mssql'")


def test_every_hook_of_azure_yaml_exists_on_every_system() -> None:
    commands = [line for line in (ROOT / "azure.yaml").read_text().splitlines() if "infra.hooks" in line]
    names = [command.partition("infra.hooks ")[2].split()[0].rstrip("},") for command in commands]
    assert {name: names.count(name) for name in names} == dict.fromkeys(
        ["preprovision", "postprovision", "predown", "prepackage", "postpackage"], 2
    )


def test_the_hooks_need_nothing_but_python() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import infra.hooks.__main__"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
