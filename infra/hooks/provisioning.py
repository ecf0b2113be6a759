"""Around `azd provision` and `azd down`: what a new subscription lacks, and what Azure keeps afterwards."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.hooks.azure import Azure
from infra.hooks.errors import HookError

# The delegation of the app's subnet. No resource is of this provider, so nothing else registers it.
_PROVIDER = "Microsoft.App"
_REGISTERING = timedelta(minutes=10)
ROLES_SPREAD_AFTER = timedelta(minutes=5)
_PAUSE_SECONDS = 5.0
_SECRETS = {
    "COMPLIANCE_API_KEY": "compliance-api-key",
    "NOTIFICATION_WEBHOOK_URL": "notification-webhook-url",
    "NOTIFICATION_WEBHOOK_SECRET": "notification-webhook-secret",
}


@dataclass(frozen=True)
class Clock:
    """The time, UTC, and how to wait for some seconds."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


def before_provisioning(environ: Mapping[str, str], azure: Azure, group: str, clock: Clock | None = None) -> None:
    """Register what no resource registers, set the dates that are set once, and look for what was deleted.

    Args:
        environ: azd's environment.
        azure: the subscription.
        group: name of the resource group.
        clock: for tests.
    """
    clock = clock or Clock()
    subscription = _subscription(environ)
    _register(azure, subscription, clock)
    now = clock.now()
    if not environ.get("BUDGET_START_DATE"):
        azure.remember("BUDGET_START_DATE", f"{now:%Y-%m}-01")
    if not environ.get("KEY_VAULT_EXPIRES_ON"):
        azure.remember("KEY_VAULT_EXPIRES_ON", f"{now + timedelta(days=365):%Y-%m-%d}T00:00:00Z")
    azure.remember("SECRETS_IN_VAULT", _secrets(environ))
    _look_for_deleted(environ, azure, subscription, group)


def after_provisioning(environ: Mapping[str, str], azure: Azure, clock: Clock | None = None) -> None:
    """Wait until the roles of the app have spread: azd publishes next, and does not try again after a 403."""
    clock = clock or Clock()
    account = (
        f"{_group_id(environ)}/providers/Microsoft.Storage/storageAccounts/{_known(environ, 'HOST_STORAGE_NAME')}"
    )
    query = "api-version=2022-04-01&$filter=atScope()"
    answer = azure.call("GET", f"{account}/providers/Microsoft.Authorization/roleAssignments?{query}")
    created = [_moment(each["properties"]["createdOn"]) for each in answer.get("value", [])]
    if not created:
        return
    seconds = (max(created) + ROLES_SPREAD_AFTER - clock.now()).total_seconds()
    if seconds > 0:
        print(f"Waiting {seconds:.0f} s for the roles of the app to spread.", flush=True)
        clock.sleep(seconds)


def before_removal(environ: Mapping[str, str], azure: Azure) -> None:
    """Take the app out of its network: otherwise its subnet can stay in use for days, and removal fails."""
    app = environ.get("AZURE_FUNCTION_NAME")
    if not app:
        return
    site = f"{_group_id(environ)}/providers/Microsoft.Web/sites/{app}"
    try:
        azure.call("DELETE", f"{site}/networkConfig/virtualNetwork?api-version=2024-11-01")
    except HookError as error:
        print(f"The app was not taken out of its network: {error} Removal goes on.", flush=True)


def _register(azure: Azure, subscription: str, clock: Clock) -> None:
    provider = f"{subscription}/providers/{_PROVIDER}"
    version = "api-version=2021-04-01"
    deadline = clock.now() + _REGISTERING
    state = azure.call("GET", f"{provider}?{version}").get("registrationState")
    if state != "Registered":
        print(f"Registering {_PROVIDER} for the subscription; this takes a minute or two.", flush=True)
        azure.call("POST", f"{provider}/register?{version}")
    while state != "Registered":
        if clock.now() > deadline:
            raise HookError(
                f"{_PROVIDER} is still '{state}' after {_REGISTERING.seconds // 60} minutes. Look at it with:"
                f" az provider show --namespace {_PROVIDER}; then run azd again."
            )
        clock.sleep(_PAUSE_SECONDS)
        state = azure.call("GET", f"{provider}?{version}").get("registrationState")


def _look_for_deleted(environ: Mapping[str, str], azure: Azure, subscription: str, group: str) -> None:
    """Azure keeps a deleted vault and account under their names: the template must restore them."""
    accounts = azure.call(
        "GET", f"{subscription}/providers/Microsoft.CognitiveServices/deletedAccounts?api-version=2025-06-01"
    )
    vaults = azure.call("GET", f"{subscription}/providers/Microsoft.KeyVault/deletedVaults?api-version=2024-11-01")
    account_ids = [each["id"] for each in accounts.get("value", []) if each.get("kind") == "FormRecognizer"]
    vault_ids = [each["properties"]["vaultId"] for each in vaults.get("value", [])]
    azure.remember("RESTORE_DOCUMENT_INTELLIGENCE", _is_one_of(group, account_ids))
    azure.remember("RECOVER_KEY_VAULT", _is_one_of(group, vault_ids))


def _secrets(environ: Mapping[str, str]) -> str:
    """The secrets that the vault has or is given now, as a JSON list."""
    known = set(json.loads(environ.get("SECRETS_IN_VAULT") or "[]"))
    return json.dumps([name for setting, name in _SECRETS.items() if name in known or environ.get(setting)])


def _is_one_of(group: str, ids: list[str]) -> str:
    mark = f"/resourcegroups/{group}/".lower()
    return "true" if any(mark in each.lower() for each in ids) else "false"


def _moment(text: str) -> datetime:
    # Azure gives seven digits of a second, and Python 3.11 reads six.
    return datetime.fromisoformat(f"{text[:19]}+00:00")


def _subscription(environ: Mapping[str, str]) -> str:
    return f"/subscriptions/{_known(environ, 'AZURE_SUBSCRIPTION_ID')}"


def _group_id(environ: Mapping[str, str]) -> str:
    return f"{_subscription(environ)}/resourceGroups/{_known(environ, 'AZURE_RESOURCE_GROUP')}"


def _known(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise HookError(
            f"{name} is not in azd's environment. `azd up` asks for it; or choose it with: azd env set"
            f" {name} <value>"
        )
    return value
