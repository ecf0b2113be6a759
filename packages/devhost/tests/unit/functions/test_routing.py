"""Route templates match as in ASP.NET Core, and the first function that matches gets the request."""

from pathlib import Path

import azure.functions as func
import pytest

from devhost.functions.errors import HostConfigError, IndexingError
from devhost.functions.indexing import index_functions
from devhost.functions.route_templates import RouteTemplate
from devhost.functions.routing import RouteTable


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("int", "-12", "99999999999"),
        ("long", "99999999999", "1.5"),
        ("bool", "True", "yes"),
        ("guid", "0f8fad5b-d9cb-469f-a165-70867728950e", "0f8f"),
        ("alpha", "abc", "abc1"),
        ("decimal", "1.5", "one"),
        ("datetime", "2024-05-06", "soon"),
        ("min(18)", "18", "17"),
        ("max(18)", "18", "19"),
        ("range(1,3)", "2", "4"),
        ("length(3)", "abc", "abcd"),
        ("length(2,3)", "ab", "a"),
        ("minlength(2)", "ab", "a"),
        ("maxlength(2)", "ab", "abc"),
        (r"regex(^\d{{3}}$)", "123", "1234"),
        ("int:min(3)", "3", "2"),
    ],
)
def test_constraint_decides_whether_the_route_matches(constraint: str, accepted: str, refused: str) -> None:
    template = RouteTemplate(f"api/{{value:{constraint}}}")
    assert template.match(f"/api/{accepted}") == {"value": accepted}
    assert template.match(f"/api/{refused}") is None


def test_optional_value_with_constraint_may_be_absent_but_not_wrong() -> None:
    template = RouteTemplate("api/{id:int?}")
    assert template.match("/api") == {}
    assert template.match("/api/x") is None


@pytest.mark.parametrize("template", ["api/{id", "api/{id:unknown}", "api/{id:min(x)}", "api/{}"])
def test_malformed_template_is_refused(template: str) -> None:
    with pytest.raises(HostConfigError):
        RouteTemplate(template)


def test_method_is_part_of_the_match_and_the_first_function_wins() -> None:
    app = func.FunctionApp()

    @app.route(route="things/{id}", methods=["GET"])
    def read(req: func.HttpRequest) -> func.HttpResponse: ...

    @app.route(route="things/{name}")
    def anything(req: func.HttpRequest) -> func.HttpResponse: ...

    table = RouteTable(index_functions(app, Path()), "v1")
    names = [found[0].function.name for method in ("GET", "PUT") if (found := table.find(method, "/v1/things/7"))]
    assert names == ["read", "anything"]
    assert table.find("GET", "/api/things/7") is None


def test_function_without_route_listens_at_its_name_and_keeps_its_auth_level() -> None:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ADMIN)

    @app.route()
    def status(req: func.HttpRequest) -> func.HttpResponse: ...

    (route,) = RouteTable(index_functions(app, Path()), "").routes
    assert (route.template.template, route.methods, route.auth_level) == ("status", None, "admin")


def test_malformed_routes_are_reported_with_their_function() -> None:
    app = func.FunctionApp()

    @app.route(route="{a:int")
    def broken(req: func.HttpRequest) -> func.HttpResponse: ...

    with pytest.raises(IndexingError, match=r"broken \("):
        RouteTable(index_functions(app, Path()), "api")
