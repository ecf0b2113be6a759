"""Cases: many instances at once, found and purged by when they were created and how they have ended."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.fidelity.driver import Driver
from tests.fidelity.scripts import Case

_CONTINUATION = "x-ms-continuation-token"
_ENDS = (("give_back", "done"), ("raises", "fails"), ("waits_long", "runs"), ("waits_long", "ends"))
# As the SDK does: a JSON text that holds JSON. A plain number makes the operation fail.
_LINE = b'"1"'
_STATUS_QUERIES = (
    "runtimeStatus=Running",
    "runtimeStatus=Pending,Running",
    "runtimeStatus=Failed",
    "runtimeStatus=Failed",
    "runtimeStatus=Running&runtimeStatus=Completed",
    "runtimeStatus=Terminated,Canceled",
)


class _Family:
    """Instances of one prefix, each in a state of its own, and the moment at which they were created."""

    def __init__(self, driver: Driver, prefix: str) -> None:
        self.driver, self.prefix = driver, f"{prefix}-{driver.run}"
        # No other instance may have been created in its window.
        driver.pause(3)
        for orchestrator, end in _ENDS:
            driver.start(orchestrator, 1, f"{self.prefix}-{end}")
        driver.pause(3)
        driver.hook("POST", f"/instances/{self.prefix}-ends/terminate?reason=x")
        driver.wait(f"{self.prefix}-ends", 8)
        moments = sorted(datetime.fromisoformat(one["createdTime"]) for one in self.found())
        self.first, self.last = moments[0], moments[-1] + timedelta(seconds=1)

    def found(self) -> list[dict[str, Any]]:
        """The status of each that is there."""
        found: list[dict[str, Any]] = self.driver.hook("GET", f"/instances?instanceIdPrefix={self.prefix}").body
        return found

    def left(self) -> list[str]:
        """Which are there."""
        return [one["instanceId"].rsplit("-", 1)[1] for one in self.found()]

    def window(self, before: float = 0, after: float = 0) -> dict[str, str]:
        """The window of time in which they were created, moved at either end by so many seconds."""
        moments = (self.first + timedelta(seconds=before), self.last + timedelta(seconds=after))
        return dict(zip(("from", "to"), (moment.isoformat() for moment in moments), strict=True))

    def query(self, before: float = 0, after: float = 0) -> str:
        """The window as a query."""
        window = self.window(before, after)
        return f"createdTimeFrom={quote(window['from'])}&createdTimeTo={quote(window['to'])}"

    def purge(self, query: str) -> list[Any]:
        """Purge by a query; returns what was answered and what is left."""
        answer = self.driver.hook("DELETE", f"/instances?{query}")
        return [answer.status, answer.body, self.left()]


def purge_by_window(driver: Driver) -> Any:
    """Purge by the time of creation: before, after, within."""
    family = _Family(driver, "window")
    years = [
        f"createdTimeFrom={year}-01-01T00:00:00Z&createdTimeTo={year}-02-01T00:00:00Z" for year in (1999, 2099)
    ]
    return [family.purge(query) for query in (*years, family.query(), family.query())]


def purge_by_status(driver: Driver) -> Any:
    """Purge by status, one after the other."""
    family = _Family(driver, "status")
    return [[query, *family.purge(f"{family.query()}&{query}")] for query in _STATUS_QUERIES]


def purge_by_odd_status(driver: Driver) -> Any:
    """Purge by statuses in other spellings."""
    told: list[Any] = []
    for number, query in enumerate(
        ("runtimeStatus=failed", "runtimeStatus=1", "runtimeStatus=Completed,%20Failed")
    ):
        family = _Family(driver, f"odd{number}")
        told.append([query, *family.purge(f"{family.query()}&{query}")])
        told.append([query, *family.purge(f"{family.query()}&runtimeStatus=Terminated,Completed,Failed")])
    return told


def purge_without_end(driver: Driver) -> Any:
    """Purge all that was created since a moment, and what that leaves."""
    family = _Family(driver, "open")
    return [family.purge(f"createdTimeFrom={quote(family.window()['from'])}&runtimeStatus=Failed,Terminated")]


def purge_spelled(driver: Driver) -> Any:
    """Purge with moments in other time zones and spellings."""
    told: list[Any] = []
    for number, spell in enumerate((_with_offset, _with_z, _with_fraction, _in_other_letters)):
        family = _Family(driver, f"spelled{number}")
        told.append([spell.__name__, *family.purge(spell(family) + "&runtimeStatus=Failed")])
    return told


def _with_offset(family: _Family) -> str:
    spelled = (moment.isoformat().replace("+00:00", "") for moment in _moved(family, 2))
    start, end = (quote(f"{moment}+02:00") for moment in spelled)
    return f"createdTimeFrom={start}&createdTimeTo={end}"


def _with_z(family: _Family) -> str:
    start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in _moved(family, 0))
    return f"createdTimeFrom={start}&createdTimeTo={end}"


def _with_fraction(family: _Family) -> str:
    start, end = (moment.strftime("%Y-%m-%dT%H:%M:%S.0000001Z") for moment in _moved(family, 0))
    return f"createdTimeFrom={start}&createdTimeTo={end}"


def _in_other_letters(family: _Family) -> str:
    return _with_z(family).replace("createdTime", "CREATEDTIME")


def _moved(family: _Family, hours: int) -> tuple[datetime, datetime]:
    return family.first + timedelta(hours=hours, seconds=-1), family.last + timedelta(hours=hours, seconds=1)


def purge_family_tree(driver: Driver) -> Any:
    """Purge parents by filter: what becomes of children, created later?"""
    driver.pause(3)
    parent = f"tree-{driver.run}"
    driver.start("chain_of_children", 3, parent)
    created = datetime.fromisoformat(driver.wait(parent, 15).body["createdTime"])
    start, end = created.isoformat(), (created + timedelta(seconds=20)).isoformat()
    seen = _tree(driver, parent)
    asked = f"/instances?createdTimeFrom={quote(start)}&createdTimeTo={quote(end)}"
    found = driver.hook("GET", asked).body
    purged = driver.hook("DELETE", asked)
    left = driver.hook("GET", asked)
    return [seen, len(found), [one["name"] for one in found], purged.status, purged.body, left.status, left.body]


def _tree(driver: Driver, parent: str) -> Any:
    body = driver.status(parent).body
    return [body["runtimeStatus"], body["output"]]


def purge_and_entities(driver: Driver) -> Any:
    """Purge by filter where entities are: which of them go?"""
    driver.pause(3)
    keys = [f"purged{number}-{driver.run}" for number in range(3)]
    for number, key in enumerate(keys):
        driver.hook("POST", f"/entities/ledger/{key}?op=write", _LINE if number else b"1")
    driver.pause(2)
    driver.hook("POST", f"/entities/ledger/{keys[1]}?op=burn")
    driver.pause(2)
    told: list[Any] = []
    mark = f"mark-{driver.run}"
    driver.start("give_back", 1, mark)
    until = datetime.fromisoformat(driver.wait(mark, 8).body["createdTime"])
    start, end = (quote(moment.isoformat()) for moment in (until - timedelta(seconds=6), until))
    window = f"createdTimeFrom={start}&createdTimeTo={end}"
    for query in ("runtimeStatus=Completed,Failed,Terminated", "runtimeStatus=Running", ""):
        answer = driver.hook("DELETE", f"/instances?{window}&{query}")
        told.append([query, answer.status, answer.body])
        states = [driver.hook("GET", f"/entities/ledger/{key}") for key in keys]
        told.append([[one.status, one.body] for one in states])
    return told


def purge_entity_by_id(driver: Driver) -> Any:
    """Purge one entity by its id, then once more, and then one that never was."""
    key = f"purgedone-{driver.run}"
    driver.hook("POST", f"/entities/ledger/{key}?op=write", _LINE)
    driver.pause(2)
    told: list[Any] = []
    for name in (key, key, "nobody"):
        purged = driver.hook("DELETE", f"/instances/{quote(f'@ledger@{name}', safe='')}")
        seen = driver.hook("GET", f"/entities/ledger/{key}")
        told.append([purged.status, purged.body, seen.status, seen.body])
    return told


def status_by_client(driver: Driver) -> Any:
    """Find instances by the SDK's client, as an app does that deletes old histories."""
    family, told = _Family(driver, "found"), []
    for given in (
        {},
        {"statuses": ["Completed", "Terminated"]},
        {"statuses": ["Running"]},
        {"statuses": ["Failed", "Pending"], "prefix": family.prefix},
        {"prefix": family.prefix + "-d"},
    ):
        told.append([given, _query(driver, "status_by", {**family.window(), **given})])
    naive = {name: moment.replace("+00:00", "") for name, moment in family.window().items()}
    return [*told, _query(driver, "status_by", naive), _query(driver, "status_by", family.window(30, 60))]


def purge_by_client(driver: Driver) -> Any:
    """Purge by the SDK's client: by status, then all, then where nothing is left."""
    family, told = _Family(driver, "bought"), []
    for given in (
        {"statuses": ["Failed"]},
        {"statuses": ["Completed", "Terminated"]},
        {"statuses": ["Failed"]},
        {},
    ):
        told.append([given, _query(driver, "purge_by", {**family.window(), **given}), family.left()])
    return [*told, _query(driver, "purge_by", {})]


def _query(driver: Driver, what: str, given: dict[str, Any]) -> Any:
    return driver.ask("POST", f"/api/query/{what}", json.dumps(given).encode()).body


def pages_of_instances(driver: Driver) -> Any:
    """Turn over the pages of a list, in several sizes."""
    prefix = f"pages-{driver.run}"
    for number in range(7):
        driver.start("give_back", number, f"{prefix}-{number}")
    driver.wait(f"{prefix}-6", 8)
    driver.pause(2)
    return [[size, _pages(driver, f"/instances?instanceIdPrefix={prefix}&top={size}")] for size in (3, 7, 5, 100)]


def _pages(driver: Driver, path: str) -> list[Any]:
    pages: list[Any] = []
    token = ""
    for _ in range(10):
        answer = driver.hook("GET", path, None, {_CONTINUATION: token} if token else {})
        pages.append([answer.status, [one["instanceId"].rsplit("-", 1)[1] for one in answer.body]])
        token = answer.headers.get(_CONTINUATION, "")
        if not token:
            break
    return pages


_ALL = (
    purge_by_window,
    purge_by_status,
    purge_by_odd_status,
    purge_without_end,
    purge_spelled,
    purge_family_tree,
    purge_and_entities,
    purge_entity_by_id,
    status_by_client,
    purge_by_client,
    pages_of_instances,
)
# One by one: a filter by time would find what other cases have started.
LATE_CASES: dict[str, Case] = {case.__name__: case for case in _ALL}
