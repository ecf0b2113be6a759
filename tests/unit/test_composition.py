"""The wiring: built once from settings, replaceable in tests, and cheap to import."""

import subprocess
import sys

import pytest

from docpipeline import composition, telemetry
from docpipeline.errors import SettingsError
from docpipeline.settings import load_settings

ENVIRON = {
    "DOCUMENT_INTELLIGENCE_ENDPOINT": "https://docs.cognitiveservices.azure.com",
    "COMPLIANCE_API_ENDPOINT": "https://compliance.example.com",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}
HEAVY = (
    "azure.ai",
    "azure.core",
    "azure.data",
    "azure.identity",
    "azure.storage",
    "applicationinsights",
    "pybreaker",
)


@pytest.fixture(autouse=True)
def no_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "_settings", None)
    monkeypatch.setattr(composition, "_services", None)
    monkeypatch.setattr(composition, "_metric_handler", None)


def test_without_settings_there_are_no_services() -> None:
    with pytest.raises(SettingsError, match="set_settings"):
        composition.get_services()


async def test_services_are_built_once_and_again_for_other_settings() -> None:
    composition.set_settings(load_settings(ENVIRON))
    first = composition.get_services()
    assert composition.get_services() is first
    composition.set_settings(load_settings({**ENVIRON, "COUNTER_SHARDS": "4"}))
    second = composition.get_services()
    assert second.settings.counter_shards == 4
    for services in (first, second):
        await services.close()


def test_metrics_go_where_the_latest_settings_say_and_nowhere_without_a_connection_string() -> None:
    sent_to = []
    for key in ("first", "second", None):
        insights = {"APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={key}"} if key else {}
        composition.set_settings(load_settings({**ENVIRON, **insights}))
        handlers = [one for one in telemetry.metrics.handlers if isinstance(one, telemetry.MetricHandler)]
        sent_to.append([one.connection_string for one in handlers])
    assert sent_to == [["InstrumentationKey=first"], ["InstrumentationKey=second"], []]


def test_services_in_use_are_put_back_afterwards() -> None:
    composition.set_settings(load_settings(ENVIRON))
    own = composition.get_services()
    other = composition.build_services(own.settings)
    with composition.use_services(other):
        assert composition.get_services() is other
    assert composition.get_services() is own


def test_importing_the_product_imports_none_of_the_heavy_packages() -> None:
    script = f"import sys, docpipeline.composition; print([m for m in sys.modules if m.startswith({HEAVY!r})])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
