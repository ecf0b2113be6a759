"""The docs cannot drift: whatever users, operators and receivers meet by name is in them, read from the code."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from azure.functions.decorators.http import HttpTrigger
from azure.functions.decorators.timer import TimerTrigger

import activities
import triggers
from docpipeline.errors import SettingsError
from docpipeline.models import event_names
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.event_names import NotificationType
from docpipeline.models.payload import RequestBody
from docpipeline.settings import load_settings
from tests.repository import registered
from tests.repository.files import ROOT, repository_files
from tests.repository.syntax import called
from triggers import problem_details, submissions

DOCS = ROOT / "docs"
# Links within the repository: the path, and the heading on the page.
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(#[^)\s]*)?\)")


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def all_docs() -> str:
    """README and every page of docs/."""
    return "\n".join([page("README.md"), *(path.read_text() for path in sorted(DOCS.rglob("*.md")))])


class RecordingEnvironment(Mapping[str, str]):
    """An environment that remembers the names of the variables that were read."""

    def __init__(self) -> None:
        # The secret of the webhook is read only when the webhook has a URL.
        self._values = {"NOTIFICATION_WEBHOOK_URL": "https://hooks.example.com"}
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def settings() -> set[str]:
    """The names of all settings: the variables that are read when settings are loaded."""
    environment = RecordingEnvironment()
    with pytest.raises(SettingsError, match="need attention"):
        load_settings(environment)
    return environment.names


def routes() -> set[str]:
    """``METHOD /route`` of every HTTP function."""
    found = [function.get_trigger() for function in registered.functions(triggers)]
    return {
        f"{getattr(method, 'value', method)} /{trigger.route}"
        for trigger in found
        if isinstance(trigger, HttpTrigger)
        for method in trigger.methods or ()
    }


def timers() -> set[str]:
    functions = registered.functions(triggers)
    return registered.names_of(one for one in functions if isinstance(one.get_trigger(), TimerTrigger))


def metrics() -> set[str]:
    """The names of the metrics that the app records: the first arguments of ``track(...)``."""
    return called("track", 0, "docpipeline", "activities", "orchestrators", "triggers")


def request_keys() -> set[str]:
    """Keys of every request body of the API."""
    bodies = [
        body for body in RequestBody.__subclasses__() if body.__module__.startswith(("docpipeline", "triggers"))
    ]
    return {field.alias or name for body in bodies for name, field in body.model_fields.items()}


def test_the_lists_are_not_empty() -> None:
    assert "POST /documents" in routes()
    assert {"COUNTER_SHARDS", "DOCUMENT_STORAGE__accountName", "NOTIFICATION_WEBHOOK_SECRET"} <= settings()
    assert {"ActivityDuration", "CircuitState"} <= metrics()
    assert "extract_document_text" in registered.names(activities)
    assert {"blobUrl", "fileName", "approved"} <= request_keys()
    assert timers() == {"purge_history", "reconcile_documents"}
    assert submissions.DocumentReference in RequestBody.__subclasses__()


@pytest.mark.parametrize("route", sorted(routes()))
def test_every_route_is_in_the_http_api(route: str) -> None:
    assert f"\n## `{route}`\n" in page("docs/http-api.md")


@pytest.mark.parametrize("name", sorted(timers()))
def test_every_timer_is_in_the_http_api(name: str) -> None:
    assert f"`{name}`" in page("docs/http-api.md")


@pytest.mark.parametrize("key", sorted(request_keys() | set(DocumentStatus) | {event_names.DOCUMENT_APPROVAL}))
def test_every_key_of_a_request_and_every_status_is_in_the_http_api(key: str) -> None:
    assert re.search(rf"[`\"&?]{key}[`\"=]", page("docs/http-api.md"))


@pytest.mark.parametrize("kind", sorted(problem_details.TITLES))
def test_every_problem_is_in_the_http_api_with_its_status(kind: str) -> None:
    assert f"| `/problems/{kind}` | {problem_details.TITLES[kind][0]} |" in page("docs/http-api.md")


@pytest.mark.parametrize("name", sorted(settings()))
def test_every_setting_is_in_the_settings(name: str) -> None:
    assert f"`{name}`" in page("docs/settings.md")


@pytest.mark.parametrize("name", sorted(metrics()))
def test_every_metric_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in all_docs()


@pytest.mark.parametrize("name", sorted(NotificationType))
def test_every_notification_type_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in all_docs()


@pytest.mark.parametrize("name", sorted(registered.names(activities)))
def test_every_activity_is_in_the_docs(name: str) -> None:
    assert name in all_docs()


@pytest.mark.parametrize("path", [path for path in repository_files() if path.endswith(".md")])
def test_every_link_within_the_repository_leads_somewhere(path: str) -> None:
    text = page(path)
    broken = [
        target + (anchor or "")
        for target, anchor in _LINK.findall(text)
        if not leads_somewhere(ROOT / path, unquote(target), (anchor or "").removeprefix("#"))
    ]
    assert not broken, f"{path} has links that lead nowhere: {broken}"


def leads_somewhere(source: Path, target: str, anchor: str) -> bool:
    reached = (source.parent / target) if target else source
    if not reached.exists() or not anchor or reached.suffix != ".md":
        return reached.exists()
    headings = re.findall(r"^#+ (.+)$", reached.read_text(), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
