"""An app is imported as the worker imports it, and either all of its functions are there or none."""

import json
import os
import sys
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.functions import _durable_functions as payload_codec

from devhost.functions.app_loader import locate_script
from devhost.functions.errors import AppLoadError
from devhost.functions.indexing import index_functions
from tests.contract.app_files import IMPORTS, AppFiles, app_files
from tests.end_to_end.devhost_process import PACKAGE, DevhostProcess
from tests.unit.functions.http_client import ask

__all__ = ["app_files"]

PAGE = (
    "@app.route(route='page')\ndef page(req: func.HttpRequest) -> func.HttpResponse:\n    return func.HttpResponse"
)
APP = IMPORTS + "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"


def test_script_is_a_top_level_module_and_its_folder_comes_first(app_files: AppFiles) -> None:
    app = app_files.load(APP + "import beside\n", {"beside": ""})
    module = sys.modules["function_app"]
    assert (module.__name__, Path(module.__file__ or "")) == ("function_app", app_files.root / "function_app.py")
    assert sys.path[0] == os.getcwd() == str(app_files.root) == str(app.root)
    assert Path(sys.modules["beside"].__file__ or "").parent == app_files.root


OWN_STEPS = """
import importlib.util, subprocess, sys
from bench.steps import answer

@app.route(route="page")
def page(req: func.HttpRequest) -> func.HttpResponse:
    ours = [name for name in ("bench.engine", "src") if importlib.util.find_spec(name)]
    asked = [sys.executable, "-c", "from bench.steps import answer; print(answer())"]
    started = subprocess.run(asked, capture_output=True, text=True)
    return func.HttpResponse(f"{answer()} {ours} {started.stdout}{started.stderr}")
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_packages_beside_the_host_do_not_shadow_the_apps_folders(
    app_files: AppFiles, tmp_path: Path, workers: str
) -> None:
    """Guards against a host that is run from its source tree and lends the packages of that tree to the app.

    The host is started in a folder with a package ``bench``; the app's own, without an ``__init__.py``, lost.
    """
    assert (PACKAGE / "bench" / "__init__.py").exists()
    (app_files.root / "bench").mkdir()
    app_files.write(APP + OWN_STEPS, {"bench/steps": "def answer():\n    return 'its own'\n"})
    host = DevhostProcess(tmp_path, "--workers", workers, app=app_files.root)
    assert host.ask("GET", "/api/page").body == b"its own [] its own\n"
    assert host.stop() == 0


def test_folder_in_which_the_host_was_started_does_not_shadow_the_apps_folders(
    app_files: AppFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards against `python -m` putting the current folder, with whatever packages it has, before the app's."""
    for folder in (tmp_path / "started_in" / "steps", app_files.root / "steps"):
        folder.mkdir(parents=True)
    (tmp_path / "started_in" / "steps" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path / "started_in")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "started_in"), *sys.path])
    app_files.load(APP + "import steps.first\n", {"steps/first": ""})
    assert sys.modules["steps.first"].__file__ == str(app_files.root / "steps" / "first.py")


def test_folders_that_pythonpath_names_are_searched_after_the_apps(
    app_files: AppFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named").mkdir()
    (tmp_path / "named" / "lent.py").touch()
    monkeypatch.setattr(sys, "path", [sys.path[0], str(tmp_path / "named"), *sys.path[1:]])
    app_files.load(APP + "import lent\n")
    assert sys.modules["lent"].__file__ == str(tmp_path / "named" / "lent.py")
    del sys.modules["lent"]


def test_stored_payload_of_an_apps_class_names_its_module_and_is_read_again(
    app_files: AppFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_files.load(
        APP
        + "class Money:\n    def __init__(self, cents): self.cents = cents\n"
        + "    @staticmethod\n    def to_json(it): return it.cents\n"
        + "    @staticmethod\n    def from_json(cents): return Money(cents)\n"
    )
    money = sys.modules["function_app"].__dict__["Money"]
    stored = json.dumps(money(995), default=payload_codec._serialize_custom_object)
    assert json.loads(stored) == {"__class__": "Money", "__module__": "function_app", "__data__": 995}
    monkeypatch.setattr(payload_codec, "_loose_codec_notice_emitted", True)
    decode = payload_codec._deserialize_custom_object
    assert getattr(decode(json.loads(stored)), "cents", None) == 995
    with pytest.raises(ValueError, match="'other_name' is not loaded"):
        decode({**json.loads(stored), "__module__": "other_name"})


def test_settings_are_there_before_the_import_and_may_name_the_script(app_files: AppFiles, tmp_path: Path) -> None:
    app_files.write(
        "raise RuntimeError('the wrong script')", {"pages": APP + "import os\n" + PAGE + "(os.environ['S'])\n"}
    )
    settings = {"Values": {"PYTHON_SCRIPT_FILE_NAME": "pages.py", "S": "from the settings"}}
    (app_files.root / "local.settings.json").write_text(json.dumps(settings))
    host = DevhostProcess(tmp_path, app=app_files.root)
    assert host.ask("GET", "/api/page").body == b"from the settings"
    assert host.stop() == 0


def test_another_script_may_be_named_in_the_environment(
    app_files: AppFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_files.write("", {"pages": APP})
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", "pages.py")
    assert locate_script(app_files.root) == app_files.root / "pages.py"


@pytest.mark.parametrize(
    "declaration",
    [
        "app = df.DFApp()",
        "app = func.FunctionApp()",
        "app = func.WsgiFunctionApp(lambda environ, start: [])",
        "async def pages(scope, receive, send): ...\napp = func.AsgiFunctionApp(pages)",
        "the_name_does_not_matter = func.FunctionApp()",
    ],
)
def test_every_kind_of_app_is_found_whatever_its_name_and_blueprints_do_not_count(
    app_files: AppFiles, declaration: str
) -> None:
    app = app_files.load(f"{IMPORTS}{declaration}\nfirst, second = func.Blueprint(), df.Blueprint()\n")
    assert app.root == app_files.root


ASGI = """
async def pages(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        return await send({"type": "lifespan.startup.complete"})
    body = f"{scope['method']} {scope['path']} {(await receive())['body'].decode()}".encode()
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"text/x-seen")]})
    await send({"type": "http.response.body", "body": body})

app = func.AsgiFunctionApp(pages, http_auth_level=func.AuthLevel.ANONYMOUS)
"""
WSGI = """
def pages(environ, start):
    start("201 Created", [("content-type", "text/x-seen")])
    seen = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {seen}".encode()]

app = func.WsgiFunctionApp(pages, http_auth_level=func.AuthLevel.ANONYMOUS)
"""


@pytest.mark.parametrize("source", [ASGI, WSGI], ids=["asgi", "wsgi"])
def test_apps_of_other_frameworks_are_served(app_files: AppFiles, tmp_path: Path, source: str) -> None:
    app_files.write(IMPORTS + source)
    host = DevhostProcess(tmp_path, app=app_files.root)
    for body in ("", "again"):
        answer = ask(host.origin, "POST", "/api/documents/7?x=1", body.encode())
        assert (answer.status, answer.headers["Content-Type"]) == (201, "text/x-seen")
        assert answer.body.decode() == f"POST /api/documents/7 {body}"
    assert host.stop() == 0
    assert "Traceback" not in host.output


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (IMPORTS + "bp = df.Blueprint()\n", "defines no function app"),
        (APP + "other = func.FunctionApp()\n", "holds 2 function apps (app, other)"),
        (APP + "again = app\n", "holds 2 function apps (again, app)"),
    ],
)
def test_none_and_a_second_app_are_refused_the_same_one_by_another_name_too(
    app_files: AppFiles, source: str, words: str
) -> None:
    with pytest.raises(AppLoadError) as refused:
        app_files.load(source)
    assert words in str(refused.value)


def test_app_is_asked_for_its_functions_only_once(app_files: AppFiles) -> None:
    counted = (
        "class Counted(func.FunctionApp):\n    asked = 0\n    def get_functions(self):\n"
        "        Counted.asked += 1\n        return super().get_functions()\n"
        "app = Counted(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
    )
    app_files.load(IMPORTS + counted + PAGE + "('')\n")
    app = sys.modules["function_app"].__dict__["app"]
    assert app.asked == 1
    with pytest.raises(ValueError, match="Function page does not have a unique function name"):
        app.get_functions()


def test_missing_import_ends_the_start_with_the_search_path(app_files: AppFiles, tmp_path: Path) -> None:
    app_files.write("import no_such_package_here\n" + APP)
    host = DevhostProcess(tmp_path, app=app_files.root)
    assert host.process.wait(60) == 1
    assert "function_app.py cannot be imported: No module named 'no_such_package_here'" in host.output
    places = host.output.split("Searched (sys.path):\n")[1].splitlines()
    assert places[0].strip() == str(app_files.root)


def test_blueprints_are_appended_in_the_order_of_registration() -> None:
    app, first = df.DFApp(), df.Blueprint()
    second = func.Blueprint()  # type: ignore[no-untyped-call]  # The SDK gives it no types.
    for container, name in ((second, "s"), (first, "f"), (app, "a")):
        container.function_name(name)(container.activity_trigger(input_name="given")(_echo()))
    app.register_functions(first)
    app.register_blueprint(second)
    assert [function.name for function in index_functions(app, Path())] == ["a", "f", "s"]


@pytest.mark.parametrize("make", [func.FunctionApp, func.Blueprint])
def test_plain_apps_and_blueprints_have_the_durable_decorators_too(make: type) -> None:
    container, app = make(), df.DFApp()

    @container.orchestration_trigger(context_name="context", orchestration="Process")
    def process(context: df.DurableOrchestrationContext) -> None: ...

    @container.entity_trigger(context_name="context", entity_name="Counter")
    def count(context: df.DurableEntityContext) -> None: ...

    container.activity_trigger(input_name="given", activity="Echo")(_echo())

    @container.route(route="start")
    @container.durable_client_input(client_name="client")
    async def start(req: func.HttpRequest, client: str) -> func.HttpResponse: ...

    if isinstance(container, func.FunctionApp):
        app = container
    else:
        app.register_functions(container)
    functions = {function.registered_name: function for function in index_functions(app, Path())}
    assert set(functions) == {"Process", "Counter", "Echo", "start"}
    assert functions["start"].client_parameters == ("client",)
    with pytest.raises(TypeError, match="input_type"):
        container.orchestration_trigger(context_name="context", input_type=dict)


def test_orchestrators_input_may_be_typed_in_the_durable_sdks_own_app() -> None:
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context", input_type=dict)
    def process(context: df.DurableOrchestrationContext) -> None: ...

    (function,) = index_functions(app, Path())
    assert getattr(function.call, "_df_input_type", None) is dict


def test_sdk_reads_host_json_of_the_apps_folder_and_its_advice_stops_nothing(
    app_files: AppFiles, tmp_path: Path
) -> None:
    bundle = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[1.*, 2.0.0)"}
    (app_files.root / "host.json").write_text(json.dumps({"version": "2.0", "extensionBundle": bundle}))
    app_files.write(APP + PAGE + "('served')\n")
    host = DevhostProcess(tmp_path, app=app_files.root)
    assert host.ask("GET", "/api/page").body == b"served"
    assert "Your application is currently configured to use Extension Bundles V1" in host.output
    assert host.stop() == 0


def _echo() -> object:
    def echo(given: dict) -> dict:
        return given

    return echo
