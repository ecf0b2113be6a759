"""Cases: ids and keys with odd characters, in every URL that can hold one."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from tests.fidelity.driver import Answer, Driver
from tests.fidelity.scripts import Case

_ODD: dict[str, str] = {
    "space": "a b ",
    "plus": "a+b+",
    "ampersand": "a&b=c&",
    "percent": "100%",
    "escape": "%41%2B",
    "colon": "a:b;c,d:",
    "quotes": "'a\"b'",
    "brackets": "(a)[b]{c}<d>",
    "backslash": "a\\b\\",
    "letters": "äßЖ中",
    "emoji": "😀",
    "combined": "e\u0301",
    "at": "a@b@",
    "dots": "..a..",
    "others": "~!*|^`$",
}
_LINKS = ("suspendPostUri", "resumePostUri", "terminatePostUri")
_ENDINGS = [" b", "+b", "&b=c", "%41", ":b;c", "'b\"", "äЖ😀", "\\b", "~!*|^`$", "@b", "(b)[c]{d}<e>"]
_BROKEN = ("%", "%zz", "a%2", "%C3", "%00", "a%2Fb", "a%252Fb", "a//b", "a%0Ab", "%E2%80%8B")


def urls_of_instance(name: str, driver: Driver) -> Any:
    """Start an instance under an odd id through the webhooks, and ask all things of it, by path and by link."""
    instance_id = f"{name}-{_ODD[name]}-{driver.run}"
    path = quote(instance_id, safe="")
    started = driver.hook("POST", f"/orchestrators/event_once/{path}", b"1")
    told: list[Any] = [["start", started.status, started.body, started.headers.get("location")]]
    if started.status != 202:
        return told
    driver.pause(6)
    follow: Callable[..., Answer] = partial(_follow, driver)
    told.append(["status", *_seen(follow("GET", started.body["statusQueryGetUri"]))])
    told.append(["path", *_seen(driver.hook("GET", f"/instances/{path}"))])
    found = driver.hook("GET", f"/instances?instanceIdPrefix={path}").body
    told.append(["list", [one["instanceId"] for one in found]])
    told.append(["client", *driver.client("status", instance_id)])
    for name in ("suspendPostUri", "resumePostUri"):
        answer = follow("POST", started.body[name].replace("{text}", "x"))
        told.append([name, answer.status, answer.body])
        driver.pause(1)
    event = follow("POST", started.body["sendEventPostUri"].replace("{eventName}", "go"), b'"by link"')
    told.append(["event", event.status, event.body])
    ended = driver.wait(instance_id, 8)
    told.append(["end", *_seen(ended), ended.body["output"] if isinstance(ended.body, dict) else None])
    return [*told, *_second_life(driver, instance_id, started.body)]


def _second_life(driver: Driver, instance_id: str, links: dict[str, str]) -> list[Any]:
    """Ask an instance that has ended, restart it, end it by the SDK's client, and purge it by link."""
    path, told = quote(instance_id, safe=""), []
    for name in _LINKS:
        answer = _follow(driver, "POST", links[name].replace("{text}", "x"))
        told.append([name, answer.status, answer.body])
    rewound = driver.hook("POST", f"/instances/{path}/rewind?reason=x", b"")
    told.append(["rewind", rewound.status, rewound.body])
    restarted = driver.hook("POST", f"/instances/{path}/restart?restartWithNewInstanceId=false", b"")
    told.append(["restart", restarted.status, restarted.body])
    driver.pause(2)
    told.append(["terminate", *driver.client("terminate", instance_id, "x")])
    ended = driver.wait(instance_id, 8)
    told.append(["end", *_seen(ended)])
    purged = _follow(driver, "DELETE", links["purgeHistoryDeleteUri"])
    told.append(["purge", purged.status, purged.body])
    return [*told, ["gone", *_seen(driver.hook("GET", f"/instances/{path}"))], driver.client("purge", instance_id)]


def _seen(answer: Answer) -> list[Any]:
    if not isinstance(answer.body, dict):
        return [answer.status, answer.body]
    return [
        answer.status,
        answer.headers.get("location"),
        answer.body.get("runtimeStatus"),
        answer.body.get("instanceId"),
    ]


def _follow(driver: Driver, method: str, link: str, body: bytes | None = None) -> Answer:
    parts = urlsplit(link)
    return driver.ask(method, quote(f"{parts.path}?{parts.query}", safe="/?&=%:@;,+~!*|^$'()[]"), body)


def urls_of_entity(name: str, driver: Driver) -> Any:
    """Signal and read an entity under an odd key, through the webhooks and by the SDK's client."""
    key = f"{name}-{_ODD[name]}-{driver.run}"
    path = quote(key, safe="")
    told: list[Any] = []
    for method, query, body in (
        ("POST", "?op=write", b'"1"'),
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "", None),
    ):
        answer = driver.hook(method, f"/entities/ledger/{path}{query}", body)
        told.append([method, answer.status, answer.body])
        driver.pause(1)
    signalled = driver.client("signal", key, {"name": "ledger", "op": "write", "data": 2})
    driver.pause(1)
    return [*told, signalled, driver.client("entity", key, {"name": "ledger"})]


def odd_child_ids(driver: Driver) -> Any:
    """Call children under odd ids; look at them by path."""
    instance_id = f"oddchildren-{driver.run}"
    driver.start("odd_child_ids", _ENDINGS, instance_id)
    ended = driver.wait(instance_id, 60).body
    told: list[Any] = [ended["runtimeStatus"], ended["output"]]
    for ending in _ENDINGS:
        told.append([ending, *_seen(driver.hook("GET", f"/instances/{quote(instance_id + ending, safe='')}"))])
    return told


def odd_entity_keys(driver: Driver) -> Any:
    """Call entities under odd keys; read them by path."""
    instance_id = f"oddkeys-{driver.run}"
    driver.start("odd_entity_keys", _ENDINGS, instance_id)
    ended = driver.wait(instance_id, 60).body
    told: list[Any] = [ended["runtimeStatus"], ended["output"], ended["historyEvents"]]
    for ending in _ENDINGS:
        answer = driver.hook("GET", f"/entities/counter/{quote(instance_id + ending, safe='')}")
        told.append([ending, answer.status, answer.body])
    return told


def broken_escapes(driver: Driver) -> Any:
    """Ask for ids whose escapes are broken, or that a path cannot hold."""
    told: list[Any] = []
    for text in _BROKEN:
        row: list[Any] = [text]
        for method, path in (
            ("GET", f"/instances/{text}"),
            ("POST", f"/instances/{text}/terminate"),
            ("GET", f"/entities/ledger/{text}"),
        ):
            answer = driver.hook(method, path, b"" if method == "POST" else None)
            row.append([answer.status, "a list" if isinstance(answer.body, list) else answer.body])
        told.append(row)
    return told


CASES: dict[str, Case] = {
    **{f"urls_{name}": partial(urls_of_instance, name) for name in _ODD},
    **{f"entity_urls_{name}": partial(urls_of_entity, name) for name in _ODD},
    **{case.__name__: case for case in (odd_child_ids, odd_entity_keys, broken_escapes)},
}
