"""Tokens in names and paths take the trigger's values, and a missing one is named."""

import re

import pytest

from devhost.engine.functions import FunctionFailed
from devhost.functions.binding_tokens import resolve_tokens
from devhost.functions.storage.blob_paths import BlobPattern


def test_tokens_take_values_whatever_their_case_and_look_into_objects() -> None:
    data = {"Name": "inv-17", "order": {"lines": 3, "paid": True}}
    assert resolve_tokens("out/{name}-{order.Lines}-{order.paid}.txt", data) == "out/inv-17-3-true.txt"


def test_built_in_tokens_need_no_trigger() -> None:
    text = resolve_tokens("{rand-guid}/{rand-guid:N}/{DateTime:yyyy-MM-dd}/{sys.methodname}", {}, "work")
    assert re.fullmatch(r"[0-9a-f-]{36}/[0-9a-f]{32}/\d{4}-\d\d-\d\d/work", text)


@pytest.mark.parametrize("template", ["{missing}", "{order}", "{order.missing}"])
def test_missing_value_names_the_token_and_what_there_is(template: str) -> None:
    with pytest.raises(FunctionFailed, match=r"It gave: \{order\}"):
        resolve_tokens(template, {"order": {}})


@pytest.mark.parametrize(
    ("path", "blob", "tokens"),
    [
        ("in/{name}", "a/b.txt", {"name": "a/b.txt"}),
        ("in/{name}.{ext}", "a.b.pdf", {"name": "a.b", "ext": "pdf"}),
        ("in/{customer}/{name}.pdf", "ada/one.pdf", {"customer": "ada", "name": "one"}),
        ("in/{name}.pdf", "one.txt", None),
        ("in/fixed.txt", "fixed.txt", {}),
        ("in/fixed.txt", "fixedxtxt", None),
        ("in", "anything", {}),
    ],
)
def test_trigger_path_matches_like_azures_and_names_its_parts(
    path: str, blob: str, tokens: dict[str, str] | None
) -> None:
    pattern = BlobPattern.parse(path if "/" in path else f"{path}/")
    assert pattern.container == "in"
    assert pattern.match(blob) == tokens


def test_only_names_with_the_literal_beginning_are_listed() -> None:
    assert BlobPattern.parse("in/invoices/{name}.pdf").prefix == "invoices/"
