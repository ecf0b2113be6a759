"""host.json, local.settings.json, keys and ports: what is read, and the messages about faults."""

import json
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
import pytest

from devhost.functions.access_keys import AccessKeys
from devhost.functions.app_settings import (
    apply_settings,
    is_disabled,
    read_local_settings,
    resolve_setting_names,
)
from devhost.functions.durable_links import DurableLinks
from devhost.functions.errors import HostConfigError, PortInUse
from devhost.functions.host_config import HostConfig, option
from devhost.functions.server_thread import bind, bind_preferred, port_of
from devhost.host.virtual_clock import open_virtual_clock, warn_of_skipped_time


def write(folder: Path, name: str, document: object) -> None:
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))


def test_real_environment_wins_over_local_settings(tmp_path: Path) -> None:
    write(tmp_path, "local.settings.json", {"Values": {"A": "file", "B": "file", "N": 3, "T": True}})
    environ = {"A": "real"}
    apply_settings(read_local_settings(tmp_path), environ)
    assert environ == {"A": "real", "B": "file", "N": "3", "T": "true"}


def test_app_without_local_settings_has_none(tmp_path: Path) -> None:
    assert read_local_settings(tmp_path) == {}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "(line 1, column 2)"),
        ("[]", "must hold a JSON object"),
        ({"IsEncrypted": True}, "func settings decrypt"),
        ({"Values": []}, '"Values" must be an object'),
        ({"Values": {"A": {}}}, 'the setting "A"'),
    ],
)
def test_unusable_local_settings_name_the_file_and_the_fault(tmp_path: Path, document: object, words: str) -> None:
    write(tmp_path, "local.settings.json", document)
    with pytest.raises(HostConfigError) as refused:
        read_local_settings(tmp_path)
    assert "local.settings.json" in str(refused.value)
    assert words in str(refused.value)


def test_percent_names_are_resolved_and_missing_ones_named() -> None:
    assert resolve_setting_names("0 %MINUTE% * * * *", {"MINUTE": "5"}) == "0 5 * * * *"
    with pytest.raises(HostConfigError, match="the setting MINUTE is not set"):
        resolve_setting_names("%MINUTE%", {})


@pytest.mark.parametrize(
    ("setting", "value", "disabled"),
    [
        ("AzureWebJobs.tick.Disabled", "true", True),
        ("azurewebjobs.TICK.disabled", "1", True),
        ("AzureWebJobs__tick__Disabled", "True", True),
        ("AzureWebJobs.tick.Disabled", "false", False),
        ("AzureWebJobs.other.Disabled", "true", False),
    ],
)
def test_functions_are_switched_off_by_setting(setting: str, value: str, disabled: bool) -> None:
    assert is_disabled("tick", {setting: value}) is disabled


def test_host_json_options_ignore_case_and_have_defaults(tmp_path: Path) -> None:
    assert HostConfig.read(tmp_path).route_prefix == "api"
    write(tmp_path, "host.json", {"FunctionTimeout": "00:05:00", "extensions": {"HTTP": {"routeprefix": "/v1/"}}})
    config = HostConfig.read(tmp_path)
    assert (config.route_prefix, config.function_timeout) == ("v1", timedelta(minutes=5))


def test_host_json_that_cannot_be_read_is_named_with_the_place(tmp_path: Path) -> None:
    write(tmp_path, "host.json", '{"version": "2.0",\n "extensions": }')
    with pytest.raises(HostConfigError, match=r"host\.json is not valid JSON: .*\(line 2, column 16\)"):
        HostConfig.read(tmp_path)


def test_app_without_host_json_is_warned_of_what_azure_wants(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert HostConfig.read(tmp_path).route_prefix == "api"
    (warning,) = caplog.messages
    assert "host.json does not exist" in warning
    assert '{"version": "2.0"}' in warning


def test_system_clock_on_a_state_from_the_future_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "clock.json"
    clock = open_virtual_clock(path)
    warn_of_skipped_time(path)
    assert caplog.messages == []
    clock.advance(timedelta(days=2))
    warn_of_skipped_time(path)
    (warning,) = caplog.messages
    assert f"the time in {tmp_path} ahead by 2 d" in warning
    assert "Start it with --clock virtual again" in warning


def test_function_timeout_may_be_unlimited_but_not_nonsense() -> None:
    assert HostConfig.from_document({"functionTimeout": "-1"}).function_timeout is None
    assert HostConfig.from_document({}).function_timeout == timedelta(minutes=30)
    with pytest.raises(HostConfigError, match="hh:mm:ss"):
        HostConfig.from_document({"functionTimeout": "soon"})


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "devhost" / "keys.json"
    keys = AccessKeys.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert AccessKeys.load_or_create(path) == keys
    assert len({keys.master, keys.function, keys.durable}) == 3


def test_unreadable_keys_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    with pytest.raises(HostConfigError, match="Delete it"):
        AccessKeys.load_or_create(tmp_path / "keys.json")


def test_port_in_use_names_the_port_and_the_option() -> None:
    taken = bind(0, "")
    with pytest.raises(PortInUse, match=rf"Port {port_of(taken)} on 127\.0\.0\.1 is in use.*--port"):
        bind(port_of(taken), "--port")
    other = bind_preferred(port_of(taken))
    assert port_of(other) != port_of(taken)
    taken.close()
    other.close()


def test_sdk_makes_its_client_from_the_binding() -> None:
    links = DurableLinks("Hub", key="K")
    binding = links.client_binding("http://127.0.0.1:7071", "http://127.0.0.1:17071/durabletask/")
    payload = df.DurableOrchestrationClient(binding).create_http_management_payload("doc-1")
    base = "http://127.0.0.1:7071/runtime/webhooks/durabletask/instances/doc-1"
    assert payload["id"] == "doc-1"
    assert payload["statusQueryGetUri"] == f"{base}?taskHub=Hub&connection=Storage&code=K"
    assert payload["rewindPostUri"] == f"{base}/rewind?reason={{text}}&taskHub=Hub&connection=Storage&code=K"


def test_settings_of_the_job_host_override_host_json_as_in_azure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = {"partitionCount": 4, "type": "AzureStorage"}
    section = {"durableTask": {"storageProvider": provider, "defaultVersion": "1.0"}, "http": "no object"}
    write(tmp_path, "host.json", {"version": "2.0", "functionTimeout": "00:30:00", "extensions": section})
    for name, text in {
        "AzureFunctionsJobHost__functionTimeout": "-1",
        "AzureFunctionsJobHost__extensions__durabletask__storageProvider__PARTITIONCOUNT": "2",
        "AzureFunctionsJobHost__extensions__durableTask__storageProvider__maxQueuePollingInterval": "00:00:01",
        "AzureFunctionsJobHost__extensions__durableTask__defaultVersion": "1.1",
        "AzureFunctionsJobHost__extensions__durableTask__storeInputsInOrchestrationHistory": "True",
        "azurefunctionsjobhost__extensions__http__routePrefix": "v1",
    }.items():
        monkeypatch.setenv(name, text)
    config = HostConfig.read(tmp_path)
    assert (config.function_timeout, config.route_prefix) == (None, "v1")
    assert option(config.document, "extensions", "durableTask") == {
        "storageProvider": {"partitionCount": 2, "type": "AzureStorage", "maxQueuePollingInterval": "00:00:01"},
        "defaultVersion": "1.1",
        "storeInputsInOrchestrationHistory": True,
    }


def test_settings_of_the_job_host_hold_without_a_host_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AzureFunctionsJobHost__extensions__http__routePrefix", "")
    assert HostConfig.read(tmp_path).route_prefix == ""
