"""Route templates and their constraints are those of ASP.NET Core, and the prefix comes from host.json."""

from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from devhost.functions.host_config import HostConfig
from devhost.functions.indexing import index_functions
from devhost.functions.route_templates import RouteTemplate, decode_path
from devhost.functions.routing import RouteTable

DATED = "{year:int}-{month:range(1,12)}.{kind:length(3)}"


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("a/{id}", "/a/x", {"id": "x"}),
        ("A/{id}", "/a/X", {"id": "X"}),
        ("a/{id}", "/a", None),
        ("a/{id?}", "/a", {}),
        ("a/{id=7}", "/a", {"id": "7"}),
        ("a/{id=7}", "/a/8", {"id": "8"}),
        ("a/{*rest}", "/a/b/c", {"rest": "b/c"}),
        ("a/{*rest}", "/a", {}),
        ("a/{*rest}", "/a/b/", {"rest": "b/"}),
        ("a/{id}", "/a/x/", {"id": "x"}),
        ("a/{**rest}", "/a/b", {"rest": "b"}),
        ("a/{id:int?}", "/a", {}),
        ("a/{id:int?}", "/a/x", None),
        ("a/{id:int=7}", "/a", {"id": "7"}),
        ("a/{id}", "/a/inv%20%C3%A4", {"id": "inv ä"}),
        ("a/{id}", "/a/a%2Fb", {"id": "a%2Fb"}),
        ("a/{id}", "/a/b/c", None),
        ("a/{*rest}", "/a/b/c%20d", {"rest": "b/c d"}),
        ("a/{**rest}", "/a", {}),
        ("{name}-{version}.{kind}", "/report-2.pdf", {"name": "report", "version": "2", "kind": "pdf"}),
        ("", "/", {}),
        ("{*rest}", "/", {}),
        (DATED, "/2026-11.pdf", {"year": "2026", "month": "11", "kind": "pdf"}),
        (DATED, "/2026-13.pdf", None),
    ],
)  # fmt: skip
def test_templates_are_those_of_aspnet(template: str, path: str, values: dict[str, str] | None) -> None:
    assert RouteTemplate(template).match(decode_path(path)) == values


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("int", ["0", "-12", "2147483647"], ["2147483648", "1.5", "x"]),
        ("long", ["9223372036854775807"], ["9223372036854775808"]),
        ("bool", ["true", "FALSE"], ["yes", "1"]),
        ("guid", ["0f8fad5b-d9cb-469f-a165-70867728950e", "0F8FAD5BD9CB469FA16570867728950E"], ["0f8fad5b"]),
        ("alpha", ["abcXYZ"], ["abc1", "a-b"]),
        ("decimal", ["1", "-1.50"], ["1e3", "x"]),
        ("double", ["1.5", "1e3"], ["x"]),
        ("float", ["1.5", "1e3"], ["x"]),
        ("datetime", ["2026-11-22", "2026-11-22T10:00:00", "2016-12-31 7:32pm"], ["soon", "2026-13-01"]),
        ("min(18)", ["18"], ["17", "x"]),
        ("max(18)", ["18"], ["19"]),
        ("range(18,120)", ["18", "120"], ["17", "121"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        (r"regex(^\d{{3}}-\d{{2}}$)", ["123-45"], ["1234-5"]),
        ("required", ["x"], [" "]),
        ("int:min(3):max(5)", ["3", "5"], ["2", "6", "x"]),
    ],
)  # fmt: skip
def test_constraints_are_those_of_aspnet_and_chain(
    constraint: str, accepted: list[str], refused: list[str]
) -> None:
    template = RouteTemplate(f"a/{{value:{constraint}}}")
    assert [value for value in accepted if template.match(f"/a/{value}") != {"value": value}] == []
    assert [value for value in refused if template.match(f"/a/{value}") is not None] == []


@pytest.mark.parametrize(
    ("host_json", "path"),
    [
        ({}, "/api/page"),
        ({"extensions": {"http": {"routePrefix": "v1/internal"}}}, "/v1/internal/page"),
        ({"extensions": {"http": {"routePrefix": ""}}}, "/page"),
    ],
)
def test_route_prefix_is_api_another_or_none(host_json: dict[str, Any], path: str) -> None:
    app = func.FunctionApp()

    @app.route()
    def page(req: func.HttpRequest) -> func.HttpResponse: ...

    table = RouteTable(index_functions(app, Path()), HostConfig.from_document(host_json).route_prefix)
    found = table.find("GET", path)
    assert found is not None
    assert found[0].function.name == "page"
