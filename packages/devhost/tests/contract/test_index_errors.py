"""Wrong declarations keep the app from loading, and are all reported together, each with its file and line."""

import re
from collections.abc import Mapping
from pathlib import Path

import azure.functions as func
import pytest

from devhost.functions.errors import IndexingError
from tests.contract.app_files import IMPORTS, AppFiles, app_files
from tests.end_to_end.devhost_process import DevhostProcess

__all__ = ["app_files"]

APP = IMPORTS + "app = df.DFApp()\n"
REQUEST = "req: func.HttpRequest"
RESPONSE = "func.HttpResponse"

FAULTS = {
    "duplicate function name": (
        f'@app.route(route="x")\ndef page({REQUEST}) -> {RESPONSE}: ...\n'
        f'@app.function_name("page")\n@app.route(route="y")\ndef other({REQUEST}) -> {RESPONSE}: ...\n',
        ("page", "@app.function_name", "does not have a unique function name"),
    ),
    "no trigger": (
        '@app.function_name("alone")\ndef alone(): ...\n',
        ("alone", "@app.function_name", "it has no trigger"),
    ),
    "two triggers": (
        '@app.route(route="x")\n@app.timer_trigger(arg_name="timer", schedule="0 * * * * *")\n'
        f"def both({REQUEST}, timer: func.TimerRequest): ...\n",
        ("both", "@app.route", "it has a second trigger, httpTrigger besides timerTrigger"),
    ),
    "an app as blueprint": (
        "app.register_functions(func.FunctionApp())\n",
        ("FunctionApp", "app.register_functions", "functions can not be type of FunctionRegister"),
    ),
    "an app as blueprint, by the other name": (
        "app.register_blueprint(df.DFApp())\n",
        ("DFApp", "app.register_blueprint", "functions can not be type of FunctionRegister"),
    ),
    "an orchestrator's context of another name": (
        '@app.orchestration_trigger(context_name="ctx")\ndef process(ctx): ...\n',
        ("process", "@app.orchestration_trigger", 'context_name is "ctx", and must be "context"'),
    ),
    "an entity's context of another name": (
        '@app.entity_trigger(context_name="state")\ndef count(state): ...\n',
        ("count", "@app.entity_trigger", 'context_name is "state", and must be "context"'),
    ),
    "a parameter that nothing is bound to": (
        f'@app.route(route="x")\ndef page({REQUEST}, extra: str) -> {RESPONSE}: ...\n',
        ("page", "@app.route", "the following parameters are declared in Python but not in function.json: extra"),
    ),
    "a binding without parameter": (
        '@app.activity_trigger(input_name="payload")\ndef work() -> dict: ...\n',
        (
            "work",
            "@app.activity",
            "declared in function.json but not in Python: payload",
        ),
    ),
    "a context of another class": (
        f'@app.route(route="x")\ndef page({REQUEST}, context: dict) -> {RESPONSE}: ...\n',
        ("page", "@app.route", 'the parameter "context" must be annotated azure.functions.Context, not dict'),
    ),
    "an inout binding": (
        '@app.activity_trigger(input_name="payload")\ndef work(payload: dict) -> dict: ...\n'
        "from azure.functions.decorators.core import BindingDirection\n"
        "work._function.get_trigger()._direction = BindingDirection.INOUT\n",
        ("work", "@app.activity_trigger", 'binding "payload": "inout" bindings are not supported'),
    ),
    "a return value that comes in": (
        '@app.activity_trigger(input_name="payload")\n'
        '@app.blob_input(arg_name="$return", path="inbox/b", connection="")\n'
        "def work(payload: dict): ...\n",
        ("work", "@app.activity_trigger", '"$return" binding must have direction "out"'),
    ),
    "an output that is no Out": (
        '@app.activity_trigger(input_name="payload")\n'
        '@app.queue_output(arg_name="sent", queue_name="sent", connection="")\n'
        "def work(payload: dict, sent: str) -> dict: ...\n",
        ("work", "@app.activity_trigger", 'binding "sent" is an output, so its annotation must be func.Out'),
    ),
    "an orchestrator's name that looks like an entity's": (
        '@app.orchestration_trigger(context_name="context", orchestration="@process")\n'
        "def process(context): ...\n",
        ("process", "@app.orchestration_trigger", "an orchestrator's name must not start with @"),
    ),
    "a durable name in two spellings": (
        '@app.activity_trigger(input_name="payload")\ndef store(payload: dict) -> dict: ...\n'
        '@app.activity_trigger(input_name="payload", activity="STORE")\ndef keep(payload: dict) -> dict: ...\n',
        ("keep", '@app.activity_trigger(input_name="payload", ', "are the same name to durable functions"),
    ),
}


def problems_of(app_files: AppFiles, source: str, modules: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(IndexingError) as refused:
        app_files.load(source, modules)
    return refused.value.problems


@pytest.mark.parametrize("kind", FAULTS)
def test_wrong_declaration_stops_the_load_with_function_file_and_line(
    app_files: AppFiles, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("AzureWebJobsStorage", "UseDevelopmentStorage=true")
    source, (name, line, words) = FAULTS[kind]
    (problem,) = problems_of(app_files, APP + source)
    assert problem.startswith(f"{name} ({app_files.line_of(line)}): ")
    assert words in problem


EVERYTHING = """
app = df.DFApp()
bp = df.Blueprint()

@app.route(route="one")
@app.timer_trigger(arg_name="timer", schedule="never")
def two_triggers(req: func.HttpRequest, timer: func.TimerRequest): ...

@app.function_name("no_trigger")
def no_trigger(): ...

@app.route(route="{id:int")
def two_faults(req: func.HttpRequest, extra: str) -> func.HttpResponse: ...

@app.function_name("two_faults")
@app.route()
def same_name(req: dict) -> func.HttpResponse: ...

@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="soon")
@app.timer_trigger(arg_name="timer", schedule="whenever")
def wrong_twice(timer: func.TimerRequest) -> None: ...

@app.queue_trigger(arg_name="message", queue_name="%MISSING%", connection="Nowhere")
@app.blob_output(arg_name="copy", path="copies/{id}", connection="Unset")
def unresolved(message: "Unknown", copy: str) -> None: ...

@app.event_hub_message_trigger(arg_name="event", event_hub_name="hub", connection="c")
def unsupported(event: func.EventHubEvent, more: int) -> None: ...

@bp.orchestration_trigger(context_name="ctx", orchestration="@ctx")
def misnamed(ctx): ...

app.register_functions(bp)
app.register_functions(pages.app)
"""
PAGES = IMPORTS + "app = func.FunctionApp()\n@app.route(route='x')\ndef page(request: func.HttpRequest): ...\n"
EXPECTED = [
    ("two_triggers", "it has a second trigger, httpTrigger besides timerTrigger"),
    ("two_triggers", 'The schedule "never" cannot be read'),
    ("FunctionApp", "functions can not be type of FunctionRegister"),
    ("no_trigger", "it has no trigger"),
    ("two_faults", "does not have a unique function name"),
    ("two_faults", "does not match its annotation dict"),
    ("two_faults", "declared in Python but not in function.json: extra"),
    ("two_faults", 'The route "{id:int" has unbalanced braces'),
    ("wrong_twice", "delay_interval is 'soon'"),
    ("wrong_twice", 'The schedule "whenever" cannot be read'),
    ("unresolved", "the annotation of \"message\" cannot be resolved: name 'Unknown' is not defined"),
    ("unresolved", 'binding "copy" is an output, so its annotation must be func.Out'),
    ("unresolved", "the setting MISSING is not set"),
    ("unresolved", 'binding "message": the connection "Nowhere" is not set'),
    ("unresolved", 'binding "copy": the connection "Unset" is not set'),
    ("unsupported", "does not support triggers of type eventHubTrigger"),
    ("unsupported", "declared in Python but not in function.json: more"),
    ("misnamed", 'must be "context"'),
    ("misnamed", "must not start with @"),
    ("page", "declared in Python but not in function.json: request"),
    ("page", "declared in function.json but not in Python: req"),
]


def test_all_wrong_declarations_of_an_app_are_told_at_once(app_files: AppFiles) -> None:
    with pytest.raises(IndexingError) as refused:
        app_files.load("import pages\n" + IMPORTS + EVERYTHING, {"pages": PAGES}, is_strict=True)
    problems = refused.value.problems
    untold = [
        (name, words) for name, words in EXPECTED if not any(tells(problem, name, words) for problem in problems)
    ]
    assert (untold, len(problems)) == ([], len(EXPECTED))


def tells(problem: str, name: str, words: str) -> bool:
    """Whether a problem names this function or app and a place in the app's files."""
    place = r" \(/.*/(function_app|pages)\.py:\d+\): "
    return re.match(f"{name}{place}", problem) is not None and words in problem


@pytest.mark.parametrize("workers", ["0", "1"])
def test_host_tells_all_of_them_and_ends(app_files: AppFiles, tmp_path: Path, workers: str) -> None:
    app_files.write("import pages\n" + IMPORTS + EVERYTHING, {"pages": PAGES})
    host = DevhostProcess(tmp_path, "--strict", "--workers", workers, app=app_files.root)
    assert host.process.wait(60) == 1
    assert all(words in host.output for _, words in EXPECTED)
    assert host.output.count("  - ") == len(EXPECTED)
    assert "Traceback" not in host.output


def test_wrong_routes_schedules_and_storage_are_told_at_once_and_no_function_is_served(
    app_files: AppFiles, tmp_path: Path
) -> None:
    app_files.write(
        APP
        + '@app.route(route="fine")\ndef fine(req: func.HttpRequest) -> func.HttpResponse: ...\n'
        + '@app.route(route="{id:int")\ndef page(req: func.HttpRequest) -> func.HttpResponse: ...\n'
        + '@app.timer_trigger(arg_name="timer", schedule="soon")\ndef tick(timer: func.TimerRequest): ...\n'
        + '@app.queue_trigger(arg_name="m", queue_name="A B", connection="")\n'
        + "def take(m: func.QueueMessage): ...\n"
    )
    host = DevhostProcess(tmp_path, app=app_files.root)
    assert host.process.wait(60) == 1
    reported = [line for line in host.output.splitlines() if line.startswith("  - ")]
    assert [line.split()[1] for line in reported] == ["page", "tick", "take", "take"]
    assert "Host ready" not in host.output


UNSUPPORTED = """
@app.route(route="fine")
def fine(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("served")

@app.event_hub_message_trigger(arg_name="event", event_hub_name="hub", connection="c")
def listen(event: func.EventHubEvent) -> None: ...

@app.warm_up_trigger(arg_name="context")
def off(context) -> None: ...

@app.function_name("no name")
@app.timer_trigger(arg_name="timer", schedule="%NEVER_SET%")
def tick(timer: func.TimerRequest) -> None: ...
"""


def test_host_serves_what_it_can_run_and_tells_once_of_each_function_that_it_cannot(
    app_files: AppFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards against a function that this host or Azure's cannot run stopping all, even if it is switched off."""
    monkeypatch.setenv("AzureWebJobs.off.Disabled", "true")
    app_files.write(IMPORTS + "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n" + UNSUPPORTED)
    host = DevhostProcess(tmp_path, "--workers", "2", app=app_files.root)
    assert host.ask("GET", "/api/fine").body == b"served"
    assert [function["name"] for function in host.ask("GET", "/admin/functions").json] == ["fine"]
    assert host.ask("POST", "/admin/functions/listen", {"input": ""}).status == 404
    assert host.stop() == 0
    reported = re.findall(r"(WARNING|ERROR).* (\S+) \(/\S+:\d+\) does not run, the others do: .*\.\n", host.output)
    assert reported == [("WARNING", "listen"), ("WARNING", "off"), ("ERROR", "name")]


def test_functions_whose_values_only_a_binding_extension_gives_are_left_out(app_files: AppFiles) -> None:
    """Guards against annotations of Microsoft's extension packages being taken for wrong ones, which stops all."""
    package = app_files.root / "azurefunctions" / "extensions" / "base"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("class BlobClient: ...\n")
    source = (
        "from azurefunctions.extensions.base import BlobClient\n"
        '@app.blob_trigger(arg_name="blob", path="inbox/{name}", connection="")\n'
        "def read(blob: BlobClient) -> None: ...\n"
        '@app.route(route="x")\ndef page(req: func.HttpRequest) -> func.HttpResponse: ...\n'
    )
    loaded = app_files.load(APP + source)
    assert [function.name for function in loaded.functions] == ["page"]
    assert 'BlobClient (azurefunctions.extensions.base) as annotation of "blob"' in loaded.left_out[0].reason


def test_functions_that_are_switched_off_are_indexed_but_not_asked_for_settings(
    app_files: AppFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AzureWebJobs.tick.Disabled", "true")
    source = (
        '@app.timer_trigger(arg_name="timer", schedule="%NEVER_SET%")\n'
        "def tick(timer: func.TimerRequest, extra: int): ...\n"
    )
    (problem,) = problems_of(app_files, APP + source)
    assert "declared in Python but not in function.json: extra" in problem


def test_sdk_is_as_it_was_when_the_app_has_been_imported(app_files: AppFiles) -> None:
    app_files.load(APP)
    app = func.FunctionApp()
    with pytest.raises(TypeError, match="can not be type of FunctionRegister"):
        app.register_functions(func.FunctionApp())
    with pytest.raises(ValueError, match="A trigger was already registered"):

        @app.route(route="x")
        @app.timer_trigger(arg_name="timer", schedule="0 * * * * *")
        def both(req: func.HttpRequest, timer: func.TimerRequest) -> None: ...
