"""``OrchestrationTestHost(engine="extension")``: a test's orchestrators on Microsoft's extension, on real time."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.engine.errors import StartRefused
from devhost.engine.options import EngineOptions
from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.program import STORAGE_SETTING
from devhost.testing import OrchestrationTestHost
from tests.azurite import Azurite

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def order(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Wait for an approval, count it, and ship."""
    approval = yield context.wait_for_external_event("approval")
    context.signal_entity(df.EntityId("tally", "all"), "add", 1)
    return (yield context.call_activity("ship", [context.get_input(), approval]))


@bp.activity_trigger(input_name="item")
def ship(item: list) -> str:
    """Stand in for the real one."""
    return f"shipped {item[0]} for {item[1]}"


@bp.entity_trigger(context_name="context")
def tally(context: df.DurableEntityContext) -> None:
    """Count."""
    context.set_state(context.get_state(lambda: 0) + context.get_input())


def output(host: OrchestrationTestHost, instance_id: str) -> Any:
    host.wait_until(lambda: (host.status(instance_id) or {}).get("output"), "the instance has ended", 60)
    return (host.status(instance_id) or {})["output"]


def test_real_orchestrators_run_on_the_extension(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORAGE_SETTING, azurite.connection_string)
    with OrchestrationTestHost(bp, engine="extension") as host:
        lamp, chair = host.start("order", "lamp", "o-1"), host.start("order", "chair")
        host.wait_until(lambda: (host.status(lamp) or {}).get("runtimeStatus") == "Running", "it runs", 60)
        with pytest.raises(StartRefused, match="already exists"):
            host.start("order", "lamp", "o-1")
        host.signal_entity("tally", "other", "add", 5)
        host.raise_event(lamp, "approval", "Ada")
        host.terminate(chair, "sold out")

        assert output(host, lamp) == 'shipped lamp for "Ada"'
        assert output(host, chair) == "sold out"
        host.wait_until(lambda: host.entity_state("tally", "all") == 1, "the signal has arrived", 60)
        host.wait_until(lambda: host.entity_state("tally", "other") == 5, "the signal has arrived", 60)
        assert host.entity_state("tally", "nobody") is None
        assert host.status("nobody") is None
        assert host.last_context()["instanceId"]
        assert abs(host.now() - datetime.now(UTC)) < timedelta(hours=1)
        refuse_what_needs_a_clock(host)


def refuse_what_needs_a_clock(host: OrchestrationTestHost) -> None:
    with pytest.raises(ExtensionUnavailable, match="real time"):
        host.advance(hours=1)
    with pytest.raises(ExtensionUnavailable, match="Use wait_until"):
        host.wait_quiescent()
    with pytest.raises(ExtensionUnavailable, match="Use start, status"):
        _ = host.client


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"start_time": datetime(2024, 1, 1, tzinfo=UTC)}, "real time"), ({"options": EngineOptions()}, "host.json")],
)
def test_what_the_extension_cannot_do_is_refused_before_it_starts(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ExtensionUnavailable, match=words):
        OrchestrationTestHost(bp, engine="extension", **asked)
