"""The docs cannot drift: whatever users, operators and receivers meet by name is in them, read from the code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

import activities
import triggers
from docpipeline.models import event_names
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.event_names import NotificationType
from docpipeline.models.payload import RequestBody
from docpipeline.settings import load_settings
from tests.repository.files import ROOT, repository_files
from triggers import problem_details, submissions

DOCS = ROOT / "docs"
# Where the real link goes is said at run time only.
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(#[^)\s]*)?\)")


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def all_docs() -> str:
    """README and every page of docs/."""
    return "\n".join([page("README.md"), *(path.read_text() for path in sorted(DOCS.rglob("*.md")))])


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        # One that is there leads to more questions than one that is not.
        super().__init__(NOTIFICATION_WEBHOOK_URL="https://hooks.example.com")
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)


def settings() -> set[str]:
    """Names of all settings: those that loading asks for."""
    asked = Asked()
    with pytest.raises(Exception, match="need attention"):
        load_settings(asked)
    return asked.names


def functions(folder: object) -> Iterator[object]:
    for blueprint in folder.blueprints:  # type: ignore[attr-defined]
        yield from (builder._function for builder in blueprint._function_builders)


def routes() -> set[str]:
    """``METHOD /route`` of every HTTP function."""
    found = set()
    for function in functions(triggers):
        trigger = function.get_trigger()  # type: ignore[attr-defined]
        if trigger.type == "httpTrigger":
            found |= {f"{getattr(method, 'value', method)} /{trigger.route}" for method in trigger.methods}
    return found


def timers() -> set[str]:
    return {
        function.get_function_name()  # type: ignore[attr-defined]
        for function in functions(triggers)
        if function.get_trigger().type == "timerTrigger"  # type: ignore[attr-defined]
    }


def metrics() -> set[str]:
    """First arguments of ``track(...)`` in what ships."""
    names = set()
    for path in repository_files():
        if path.endswith(".py") and path.split("/")[0] in (
            "docpipeline",
            "activities",
            "orchestrators",
            "triggers",
        ):
            for node in ast.walk(ast.parse(page(path))):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "attr", getattr(node.func, "id", "")) == "track"
                ):
                    names |= {argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    return names


def activity_names() -> set[str]:
    return {function.get_function_name() for function in functions(activities)}  # type: ignore[attr-defined]


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
    assert "extract_document_text" in activity_names()
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


@pytest.mark.parametrize("name", sorted(activity_names()))
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
