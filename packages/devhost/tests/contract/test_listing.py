"""Lists of instances: filters, order, pages."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import JSON, ContractHost
from tests.unit.functions.http_client import Answer
from tests.waiting import eventually

TOKEN = "x-ms-continuation-token"


def pending(host: ContractHost, *instance_ids: str, given: bytes | None = None) -> None:
    """Create instances that stay as they are: their version is above the host's."""
    for instance_id in instance_ids:
        path = f"orchestrators/describe/{instance_id}?version=9.0"
        assert host.rpc("POST", path, given, headers=JSON).status == 202


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [status["instanceId"] for status in answer.json]


@pytest.mark.parametrize("path", ["instances", "instances/", "Instances"])
def test_list_is_an_array_of_status_objects(api: Api, host: ContractHost, new_id: str, path: str) -> None:
    pending(host, new_id)
    assert api("GET", f"{path}?instanceIdPrefix={new_id}").json == [host.status(new_id)]


def test_instances_come_in_the_order_of_their_ids(api: Api, host: ContractHost, new_id: str) -> None:
    pending(host, *(f"{new_id}-{letter}" for letter in "bca"))
    assert ids(api("GET", f"instances?instanceIdPrefix={new_id}")) == [f"{new_id}-{letter}" for letter in "abc"]


def test_prefix_is_taken_literally_and_by_case(api: Api, host: ContractHost, new_id: str) -> None:
    pending(host, f"{new_id}-A%25", f"{new_id}-a_1", f"{new_id}-ab1", f"{new_id}-a_%C3%BC")
    assert ids(api("GET", f"instances?instanceIdPrefix={new_id}-a_")) == [f"{new_id}-a_1", f"{new_id}-a_ü"]
    assert ids(api("GET", f"instances?instanceIdPrefix={new_id}-A%25")) == [f"{new_id}-A%"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Running", ["Running"]),
        ("Completed,%20Pending", ["Pending", "Completed"]),
        ("Suspended,Nonsense", ["Suspended"]),
        ("Nonsense", ["Pending", "Suspended", "Running", "Completed"]),
        ("", ["Pending", "Suspended", "Running", "Completed"]),
    ],
)
def test_statuses_are_a_list_whose_unknown_names_do_not_count(
    api: Api, four_statuses: str, asked: str, found: list[str]
) -> None:
    answer = api("GET", f"instances?instanceIdPrefix={four_statuses}&runtimeStatus={asked}")
    assert [status["runtimeStatus"] for status in answer.json] == found


@pytest.fixture(scope="module")
def four_statuses(host: ContractHost) -> str:
    """What the ids of four instances in different statuses begin with."""
    prefix = "statuses"
    pending(host, f"{prefix}-0")
    suspended = host.waiting(f"{prefix}-1")
    host.rpc("POST", f"instances/{suspended}/suspend")
    host.wait_for(suspended, "Suspended")
    host.waiting(f"{prefix}-2")
    host.run("give_back", 1, f"{prefix}-3")
    return prefix


FORMS = ["%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S%%2B00:00"]
OTHER_FORMS = ["%Y-%m-%d %H:%M:%S", "%a, %d %b %Y %H:%M:%S GMT", "%m/%d/%Y %H:%M:%S"]


@pytest.mark.parametrize("form", FORMS + OTHER_FORMS)
def test_window_of_creation_takes_dates_of_many_forms(
    api: Api, host: ContractHost, new_id: str, form: str
) -> None:
    names = [f"{new_id}-{number}" for number in range(3)]
    for name in names:
        pending(host, name)
        host.skip(10)
    created = datetime.fromisoformat(host.status(names[1])["createdTime"])
    times = [(created + timedelta(seconds=seconds)).strftime(form).replace(" ", "%20") for seconds in (-5, 5)]
    query = f"instanceIdPrefix={new_id}&createdTimeFrom={times[0]}&createdTimeTo={times[1]}"
    assert ids(api("GET", f"instances?{query}")) == [names[1]]


def test_date_that_cannot_be_read_does_not_count(api: Api, host: ContractHost, new_id: str) -> None:
    pending(host, new_id)
    assert ids(api("GET", f"instances?instanceIdPrefix={new_id}&createdTimeFrom=someday")) == [new_id]


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", {"a": 1}), ("&showInput=false", None), ("&SHOWINPUT=True", {"a": 1}), ("&showInput=maybe", {"a": 1})],
)
def test_input_is_shown_unless_it_is_not_asked_for(
    api: Api, host: ContractHost, new_id: str, query: str, shown: Any
) -> None:
    pending(host, new_id, given=b'{"a": 1}')
    assert api("GET", f"instances?instanceIdPrefix={new_id}{query}").json[0]["input"] == shown


def test_pages_follow_each_other_by_token(api: Api, host: ContractHost, new_id: str) -> None:
    names = [f"{new_id}-{number}" for number in range(5)]
    pending(host, *names)
    seen: list[str] = []
    sizes: list[int] = []
    headers: dict[str, str] = {}
    while len(sizes) < 9:
        answer = api("GET", f"instances?instanceIdPrefix={new_id}&top=2", headers=headers)
        seen += ids(answer)
        sizes.append(len(answer.json))
        if TOKEN not in answer.headers:
            break
        headers = {TOKEN: answer.headers[TOKEN]}
    assert (seen, sizes) == (names, [2, 2, 1])


def test_empty_token_asks_for_the_first_page_and_a_wrong_one_is_a_400(
    api: Api, host: ContractHost, new_id: str
) -> None:
    pending(host, new_id)
    path = f"instances?instanceIdPrefix={new_id}"
    assert ids(api("GET", path, headers={TOKEN: ""})) == [new_id]
    refused = api("GET", path, headers={TOKEN: "nonsense"})
    assert (refused.status, "continuation token" in refused.json["Message"]) == (400, True)


@pytest.fixture(scope="module")
def many(host: ContractHost) -> str:
    """What the ids of 101 instances begin with."""
    pending(host, *(f"many-{number:03}" for number in range(101)))
    return "many-"


@pytest.mark.parametrize("top", ["", "&top=all", "&top=2147483648"])
def test_page_has_100_instances_by_default(api: Api, many: str, top: str) -> None:
    answer = api("GET", f"instances?instanceIdPrefix={many}{top}")
    assert (len(answer.json), bool(answer.headers[TOKEN])) == (100, True)


def test_page_of_no_instances_is_empty_though_there_are_more(api: Api, many: str) -> None:
    answer = api("GET", f"instances?instanceIdPrefix={many}&top=0")
    assert (answer.json, bool(answer.headers[TOKEN])) == ([], True)


def test_page_of_less_than_none_is_a_500_that_blames_the_storage(api: Api) -> None:
    answer = api("GET", "instances?top=-1")
    message = "An error occurred while communicating with Azure Storage"
    assert (answer.status, answer.json["ExceptionMessage"]) == (500, message)


def test_sdk_sees_the_first_page_only(host: ContractHost, many: str) -> None:
    assert len(host.sdk("get_status_all")) == 100
    assert len(host.sdk("get_status_by", instance_id_prefix=many)) == 100


def test_entities_are_among_the_instances(api: Api, host: ContractHost, new_id: str) -> None:
    host.sdk("signal_entity", "add", 1, entity=("counter", new_id))

    def listed() -> list[dict[str, Any]] | None:
        return api("GET", f"instances?instanceIdPrefix=@counter@{new_id}").json or None

    (status,) = eventually(lambda: listed() or None, "the entity has its state")
    assert (status["name"], status["runtimeStatus"]) == (f"@counter@{new_id}", "Running")
    assert (status["input"]["exists"], status["customStatus"]) == (True, {"entityExists": True})
