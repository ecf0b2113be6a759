"""What belongs to no single service: index, health, usage, limits, settings."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from emulators.errors import StartupError
from emulators.server import start_server
from emulators.settings import EmulatorSettings, load_settings

KEY = {"Ocp-Apim-Subscription-Key": "k", "Content-Type": "application/octet-stream"}
ANALYZE = "/formrecognizer/documentModels/prebuilt-read:analyze?api-version=2023-07-31"


async def test_health_index_and_unknown_route_answer(emulators: aiohttp.ClientSession) -> None:
    async with emulators.get("/health") as health:
        assert (health.status, await health.json()) == (200, {"status": "ok"})
    async with emulators.get("/") as index:
        assert "/notifications/inbox" in await index.text()
    async with emulators.get("/nowhere") as unknown:
        assert (unknown.status, "GET /" in (await unknown.json())["error"]) == (404, True)


DOORS = [
    ("GET", "/"),
    ("GET", "/nowhere"),
    ("GET", "/notifications/inbox"),
    ("DELETE", "/faults"),
    ("DELETE", "/usage"),
    ("POST", "/faults"),
    ("POST", "/compliance"),
    ("POST", ANALYZE),
]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "elsewhere.example"},
    ],
    ids=str,
)
async def test_page_of_another_site_can_do_nothing(
    emulators: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """Guards against a site that reads the inbox, injects faults or has documents analyzed on this machine."""
    fault = {"service": "compliance", "status": 503}
    async with emulators.post("/faults", json=fault) as added:
        assert added.status == 201
    for method, path in DOORS:
        async with emulators.request(method, path, json=fault, headers=headers) as answer:
            assert (answer.status, await answer.text()) != (200, ""), path
            assert answer.status == 403, path
    async with emulators.get("/faults") as kept:
        assert [each["status"] for each in (await kept.json())["faults"]] == [503]


async def test_server_on_all_addresses_answers_to_addresses_but_to_no_foreign_name(
    settings: EmulatorSettings,
) -> None:
    runner, port = await start_server(dataclasses.replace(settings, host="0.0.0.0"))
    codes = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        for host in ("192.168.0.7:7080", "localhost", "elsewhere.example"):
            async with client.get("/health", headers={"Host": host}) as answer:
                codes.append(answer.status)
    await runner.cleanup()
    assert codes == [200, 200, 403]


async def test_index_names_every_route(settings: EmulatorSettings) -> None:
    runner, port = await start_server(settings)
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as answer:
        index = await answer.text()
    paths = {resource.canonical for resource in runner.app.router.resources()}
    await runner.cleanup()

    renamed = {path.replace("model_id", "modelId").replace("operation_id", "operationId") for path in paths}
    assert [path for path in renamed if path not in index] == []


async def test_usage_is_reset_on_demand(emulators: aiohttp.ClientSession) -> None:
    async with emulators.post(ANALYZE, data=b"x", headers=KEY) as submitted:
        assert submitted.status == 202
    async with emulators.delete("/usage"), emulators.get("/usage") as usage:
        counts = (await usage.json())["documentIntelligence"]
    assert counts == {"submissions": 0, "polls": 0, "pages": 0, "documents": {}}


async def test_state_folder_in_use_is_refused_and_left_alone(
    emulators: aiohttp.ClientSession, settings: EmulatorSettings
) -> None:
    being_uploaded = settings.data_dir / "documents" / "being-uploaded"
    being_uploaded.touch()

    with pytest.raises(StartupError, match="STATE_DIR"):
        await start_server(settings)

    assert being_uploaded.exists()


@pytest.mark.parametrize("with_length", [True, False], ids=["declared", "chunked"])
async def test_document_above_the_limit_is_refused_and_leaves_no_file(
    settings: EmulatorSettings, with_length: bool
) -> None:
    runner, port = await start_server(dataclasses.replace(settings, max_document_bytes=1000))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 500

    body = b"x" * 1500 if with_length else pieces()
    url = f"http://127.0.0.1:{port}{ANALYZE}"
    async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=KEY) as answer:
        error = (await answer.json())["error"]
    await runner.cleanup()

    assert (answer.status, error["innererror"]["code"]) == (400, "InvalidContentLength")
    assert list((settings.data_dir / "documents").iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({**KEY, "Content-Type": "text/plain"}, "api-version=2023-07-31", 415),
        ({**KEY, "Content-Type": "application/json"}, "api-version=2023-07-31", 400),
        (KEY, "api-version=2019-01-01", 400),
        (KEY, "api-version=2023-07-31&features=magic", 400),
        ({"Content-Type": "application/octet-stream"}, "api-version=2023-07-31", 401),
    ],
)
async def test_request_the_service_would_refuse_is_refused(
    emulators: aiohttp.ClientSession, headers: dict[str, str], query: str, status: int
) -> None:
    path = ANALYZE.partition("?")[0]
    async with emulators.post(f"{path}?{query}", data=b"x", headers=headers) as answer:
        assert (answer.status, "code" in (await answer.json())["error"]) == (status, True)


def test_command_line_wins_over_the_environment_and_that_over_the_defaults(tmp_path: Path) -> None:
    environ = {"EMULATOR_PORT": "7099", "STATE_DIR": str(tmp_path)}

    assert (load_settings([], environ).port, load_settings([], environ).state_dir) == (7099, tmp_path.resolve())
    assert load_settings(["--port", "0"], environ).port == 0
    assert load_settings([], {}).port == 7080


@pytest.mark.parametrize("port", ["seven", "-1", "70000"])
def test_wrong_port_names_the_setting_and_its_form(port: str) -> None:
    with pytest.raises(StartupError, match=r"EMULATOR_PORT .*0 to 65535"):
        load_settings([], {"EMULATOR_PORT": port})
