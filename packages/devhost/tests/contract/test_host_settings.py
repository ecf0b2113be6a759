"""host.json and app settings, as far as they concern functions and not the durable engine."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devhost.functions.app_settings import is_disabled, resolve_setting_names
from devhost.functions.errors import HostConfigError
from devhost.functions.host_config import HostConfig
from tests.contract.app_files import IMPORTS
from tests.end_to_end.devhost_process import DevhostProcess
from tests.waiting import eventually

APP = f"""
{IMPORTS}
import asyncio, os, time
from pathlib import Path

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="setting", auth_level=func.AuthLevel.FUNCTION)
def setting(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ.get(req.params["name"], ""))

@app.route(route="forever")
async def forever(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.Event().wait()

@app.timer_trigger(arg_name="timer", schedule="%WHEN%", run_on_startup=True)
def off_timer(timer: func.TimerRequest) -> None:
    (Path(os.environ["SAMPLE_FOLDER"]) / "off").write_text("ran")

@app.activity_trigger(input_name="given")
def off_activity(given: str) -> str:
    return given

@app.orchestration_trigger(context_name="context")
def process(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("off_activity", "x"))
"""
HOST_JSON = {
    "version": "2.0",
    "functionTimeout": "00:00:01",
    "logging": {"logLevel": {"default": "None"}},
    "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
    "unknown": [1],
    "extensions": {"http": {"routePrefix": ""}, "durableTask": {"unknown": True}, "unknown": {"a": 1}},
}
SETTINGS = {
    "NAME": "from the file",
    "SET_OUTSIDE": "from the file",
    "NUMBER": 7,
    "AzureWebJobs.off_timer.Disabled": "true",
    "AzureWebJobs.OFF_ACTIVITY.disabled": True,
    "WHEN": "0 0 3 * * *",
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevhostProcess]:
    folder = tmp_path_factory.mktemp("settings")
    app = folder / "app"
    app.mkdir()
    (app / "function_app.py").write_text(APP)
    (app / "host.json").write_text(json.dumps(HOST_JSON))
    (app / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": SETTINGS}))
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("SET_OUTSIDE", "from outside")
        host = DevhostProcess(folder, app=app)
        yield host
        assert host.stop() == 0, host.output


def setting(host: DevhostProcess, name: str) -> str:
    return host.ask("GET", f"/setting?name={name}").body.decode()


def test_settings_of_the_file_are_there_but_those_of_the_environment_win(host: DevhostProcess) -> None:
    assert [setting(host, name) for name in ("NAME", "NUMBER", "SET_OUTSIDE")] == [
        "from the file",
        "7",
        "from outside",
    ]


def test_keys_are_not_asked_for_unless_the_host_is_told_to(host: DevhostProcess) -> None:
    for key in ({}, {"x-functions-key": "any"}):
        assert host.ask("GET", "/setting?name=NAME", headers=key).status == 200


def test_empty_route_prefix_is_no_prefix(host: DevhostProcess) -> None:
    assert host.ask("GET", "/setting?name=NAME").status == 200
    assert host.ask("GET", "/api/setting?name=NAME").status == 404


def test_function_that_exceeds_the_time_limit_fails_and_is_told_by_name(host: DevhostProcess) -> None:
    assert host.ask("GET", "/forever").status == 500
    assert "Timeout value of 00:00:01 was exceeded by function: Functions.forever" in host.output
    eventually(lambda: host.ask("GET", "/setting?name=NAME").status == 200, "the next one is served")


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (None, timedelta(minutes=30)),
        ("00:10:00", timedelta(minutes=10)),
        ("1.00:00:00", timedelta(days=1)),
        ("-1", None),
        (-1, None),
    ],
)
def test_time_limit_is_half_an_hour_another_span_or_none(value: Any, limit: timedelta | None) -> None:
    assert HostConfig.from_document({"functionTimeout": value}).function_timeout == limit


@pytest.mark.parametrize("value", ["soon", "00:00:00", 30])
def test_time_limit_of_another_form_is_refused(value: Any) -> None:
    with pytest.raises(HostConfigError, match=r"functionTimeout is .*hh:mm:ss"):
        HostConfig.from_document({"functionTimeout": value})


def test_functions_that_are_switched_off_do_not_run_whatever_their_trigger(host: DevhostProcess) -> None:
    started = host.ask("POST", "/runtime/webhooks/durabletask/orchestrators/process").json
    failed = host.wait_for(started["id"])
    assert failed["runtimeStatus"] == "Failed"
    assert "off_activity" in failed["output"]
    assert not (host.folder / "off").exists()
    assert "off_timer" not in host.output


@pytest.mark.parametrize("value", ["true", "True", "1"])
@pytest.mark.parametrize("name", ["AzureWebJobs.tick.Disabled", "azurewebjobs.TICK.disabled"])
def test_disabled_setting_ignores_case(name: str, value: str) -> None:
    assert is_disabled("tick", {name: value})
    assert not is_disabled("tick", {name: "false"})
    assert not is_disabled("tock", {name: value})


def test_percent_name_stands_for_a_setting_and_a_missing_one_is_named() -> None:
    assert resolve_setting_names("%A%/{name}-%B%", {"A": "x", "B": "y"}) == "x/{name}-y"
    with pytest.raises(HostConfigError, match="the setting B is not set"):
        resolve_setting_names("%A%-%B%", {"A": "x"})


def test_unknown_parts_of_host_json_are_not_looked_at_and_names_ignore_case(tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.write_text(json.dumps({"FUNCTIONTIMEOUT": "00:01:00", "Extensions": {"HTTP": {"RoutePrefix": "v2"}}}))
    config = HostConfig.read(tmp_path)
    assert (config.function_timeout, config.route_prefix) == (timedelta(minutes=1), "v2")
    path.write_text(json.dumps({"logging": 7, "extensionBundle": [], "aggregator": None}))
    assert HostConfig.read(tmp_path).route_prefix == "api"
