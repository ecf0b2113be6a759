"""Payloads are decoded exactly once on their way in, so those of the SDK's client stay texts that hold JSON."""

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import JSON, ContractHost
from tests.waiting import eventually

TEXT = {"Content-Type": "text/plain"}


@pytest.mark.parametrize(
    ("given", "shown"),
    [({"a": 1}, '{"a": 1}'), ("x", '"x"'), (0, "0"), ([], "[]"), (None, None)],
    ids=["object", "text", "zero", "empty list", "nothing"],
)
def test_input_of_the_sdk_is_shown_as_text_and_reaches_the_orchestrator_as_it_was(
    host: ContractHost, given: Any, shown: str | None
) -> None:
    status = host.wait_for(host.sdk("start_new", "describe", None, given))
    assert (status["input"], status["output"]["input"]) == (shown, given)


@pytest.mark.parametrize(
    ("body", "shown"), [(b'{ "a": 1 }', {"a": 1}), (rb'"{\"a\": 1}"', '{"a": 1}'), (b"", None)]
)
def test_input_of_a_plain_request_is_decoded_once(api: Api, host: ContractHost, body: bytes, shown: Any) -> None:
    status = host.wait_for(api("POST", "orchestrators/describe", body, headers=JSON).json["id"])
    assert (status["input"], status["output"]["input"]) == (shown, {"a": 1} if body else None)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"[1]", "JSON object must be"),
        (b"1", "JSON object must be"),
        (b"true", "JSON object must be"),
        (b'"hello"', "Expecting value"),
    ],
)
def test_input_that_is_no_object_cannot_be_read_by_the_orchestrator(
    api: Api, host: ContractHost, body: bytes, error: str
) -> None:
    status = host.wait_for(api("POST", "orchestrators/describe", body, headers=JSON).json["id"])
    assert status["runtimeStatus"] == "Failed"
    assert error in status["output"]


@pytest.mark.parametrize(("sent", "seen"), [({"a": 1}, '{"a": 1}'), ("x", '"x"'), (0, "0"), (None, "null")])
def test_event_of_the_sdk_comes_as_a_text(host: ContractHost, sent: Any, seen: str) -> None:
    instance_id = host.waiting()
    assert host.sdk("raise_event", instance_id, "go", sent) is None
    assert host.wait_for(instance_id)["output"] == {"type": "str", "value": seen}


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b'{ "a": 1 }', {"type": "dict", "value": {"a": 1}}),
        (b'"x"', {"type": "str", "value": "x"}),
        (b"5", {"type": "int", "value": 5}),
        (b"null", {"type": "NoneType", "value": None}),
    ],
)
def test_event_of_a_plain_request_comes_as_what_it_is(
    api: Api, host: ContractHost, body: bytes, seen: dict[str, Any]
) -> None:
    instance_id = host.waiting()
    assert api("POST", f"instances/{instance_id}/raiseEvent/go", body, headers=JSON).status == 202
    assert host.wait_for(instance_id)["output"] == seen


def test_event_without_a_body_is_a_400(api: Api, host: ContractHost) -> None:
    answer = api("POST", f"instances/{host.waiting()}/raiseEvent/go", b"", headers=JSON)
    assert (answer.status, answer.json["Message"]) == (400, "Invalid JSON content")


def noted(host: ContractHost, key: str) -> Any:
    """What the note holds once the operation ``last`` has come."""

    def look() -> Any:
        answer = host.webhook("GET", f"entities/note/{key}")
        return answer.json if answer.status == 200 and (answer.json or [None])[-1] == ["last", 1] else None

    return eventually(look, "the last operation has been applied")[:-1]


@pytest.mark.parametrize("sent", [{"a": 1}, "x", 5, [None]])
def test_signal_of_the_sdk_is_decoded_twice(host: ContractHost, new_id: str, sent: Any) -> None:
    assert host.sdk("signal_entity", "keep", sent, entity=("note", new_id)) is None
    host.sdk("signal_entity", "last", 1, entity=("note", new_id))
    assert noted(host, new_id) == [["keep", sent]]


@pytest.mark.parametrize("sent", [None, 0, "", [], {}, False], ids=repr)
def test_signal_of_the_sdk_with_an_empty_value_has_no_input(host: ContractHost, new_id: str, sent: Any) -> None:
    # Reading an input that is not there fails, so that operation leaves nothing.
    assert host.sdk("signal_entity", "keep", sent, entity=("note", new_id)) is None
    host.sdk("signal_entity", "last", 1, entity=("note", new_id))
    assert noted(host, new_id) == []


@pytest.mark.parametrize(
    ("body", "headers", "kept"),
    [
        (rb'"{\"a\": 1}"', JSON, [["keep", {"a": 1}]]),
        (b'{"a": 1}', TEXT, [["keep", {"a": 1}]]),
        (b'{"a": 1}', JSON, []),
    ],
    ids=["text in JSON", "text", "object in JSON"],
)
def test_signal_of_a_plain_request_needs_a_text_that_holds_json(
    api: Api, host: ContractHost, new_id: str, body: bytes, headers: dict[str, str], kept: list[Any]
) -> None:
    assert api("POST", f"entities/note/{new_id}?op=keep", body, headers=headers).status == 202
    assert api("POST", f"entities/note/{new_id}?op=last", b"1", headers=TEXT).status == 202
    assert noted(host, new_id) == kept
