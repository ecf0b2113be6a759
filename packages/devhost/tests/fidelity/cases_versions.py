"""Cases: an app whose instances have versions; on a host with defaultVersion 1.0, CurrentOrOlder and Reject."""

import json
from typing import Any

from tests.fidelity.driver import Driver
from tests.fidelity.scripts import Case, ends, look, pause, post, settle, steps

_VERSIONS = ("1.0", "0.9", "2.0", "1.0.1", "1", "1.00", "0.10", "10", "v1", "", None)


def given_versions(driver: Driver) -> Any:
    """Start instances of all versions by the SDK's client: those that are newer fail."""
    told: list[Any] = []
    for number, version in enumerate(_VERSIONS):
        instance_id = f"version{number}-{driver.run}"
        given = {"name": "identity", "id": instance_id, "version": version}
        started = driver.ask("POST", "/api/query/start", json.dumps(given).encode()).body
        ended = driver.wait(instance_id, 8).body
        told.append([version, started, ended])
    return told


def version_by_http(driver: Driver) -> Any:
    """Start instances of versions through the webhooks."""
    told: list[Any] = []
    for number, query in enumerate(("", "?version=0.5", "?version=3.0", "?VERSION=0.5", "?version=")):
        instance_id = f"webversion{number}-{driver.run}"
        started = driver.hook("POST", f"/orchestrators/identity/{instance_id}{query}", b'"1"')
        ended = driver.wait(instance_id, 8).body
        told.append([query, started.status, ended.get("version"), ended["runtimeStatus"], ended["output"]])
    return told


def old_parent(driver: Driver) -> Any:
    """Start a parent of an older version: which version do its children have, and what do lists show?"""
    prefix = f"oldparent-{driver.run}"
    given = {"name": "identity_of_child", "id": prefix, "version": "0.9"}
    driver.ask("POST", "/api/query/start", json.dumps(given).encode())
    ended = driver.wait(prefix, 10).body
    found = driver.hook("GET", f"/instances?instanceIdPrefix={prefix}").body
    return [ended, [[one["instanceId"], one.get("version")] for one in found]]


def second_lives_of_versions(driver: Driver) -> Any:
    """Restart an instance of an older version, in place and under a new id."""
    instance_id = f"oldlife-{driver.run}"
    given = {"name": "identity", "id": instance_id, "version": "0.9"}
    driver.ask("POST", "/api/query/start", json.dumps(given).encode())
    driver.wait(instance_id, 10)
    same = driver.hook("POST", f"/instances/{instance_id}/restart?restartWithNewInstanceId=false", b"")
    driver.pause(2)
    in_place = driver.wait(instance_id, 10).body
    other = driver.hook("POST", f"/instances/{instance_id}/restart", b"")
    anew = driver.wait(other.body["id"], 10).body
    return [same.status, in_place, other.status, anew.get("version"), anew["output"][1:]]


_REWOUND = (settle(10), post("/instances/{i}/rewind?reason=x"), pause(3))
CASES: dict[str, Case] = {
    "version_again": ends("version_again", "again"),
    "version_rewound": steps("version_rewound", "fails_deep", 1, *_REWOUND),
    "version_waiting": steps(
        "version_waiting", "event_once", None, pause(1.5), look(), post("/instances/{i}/raiseEvent/go", b"1")
    ),
    "version_entity": ends("version_entity", "entity_signal"),
    "version_unknown": ends("version_unknown", "no_such_orchestrator"),
    **{case.__name__: case for case in (given_versions, version_by_http, old_parent, second_lives_of_versions)},
}
