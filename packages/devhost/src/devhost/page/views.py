"""The pages around the timeline: the frame, the lists of instances and entities, messages and the sign-in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from devhost.engine.events import STATUS_CODES
from devhost.page.markup import Html, fill, joined, payload, render

HOME = "/devhost"
_NOTHING = Html('<span class="nothing">–</span>')


@dataclass(frozen=True)
class Filters:
    """What of all instances is listed.

    Attributes:
        status: A runtime status, or empty for all.
        name: Beginning of the orchestrator's name.
        instance_id: Beginning of the id.
        after: Token of the page before, or empty for the first.
    """

    status: str = ""
    name: str = ""
    instance_id: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        """Read them from a query; spaces around a value do not count."""
        keys = ("status", "name", "id", "after")
        return cls(*(query.get(key, "").strip() for key in keys))

    def link(self, after: str) -> str:
        """The same list, from another place on."""
        values = {"status": self.status, "name": self.name, "id": self.instance_id, "after": after}
        return f"{HOME}?{urlencode({key: value for key, value in values.items() if value})}"


def instance_link(instance_id: str) -> str:
    """Where an instance's page is."""
    return f"{HOME}/instances/{quote(instance_id, safe='@:')}"


def page(title: str, main: Html, current: str = "") -> Html:
    """A whole document.

    Args:
        title: Its title.
        main: Its content.
        current: Which entry of the navigation it belongs to: instances, entities or neither.
    """
    marks = {name: Html(' aria-current="page"' if name == current else "") for name in ("instances", "entities")}
    return render("layout", title=title, main=main, **marks)


def instances_page(instances: Sequence[Mapping[str, Any]], filters: Filters, next_token: str | None) -> Html:
    """The list of instances, newest first."""
    rows = joined(map(_instance_row, instances))
    if not instances:
        text = (
            "No instance matches." if filters != Filters() else "No instance yet. Start one, and reload this page."
        )
        rows = fill('<tr><td colspan="4" class="empty">$text</td></tr>', text=text)
    main = render(
        "instances",
        options=joined(_status_option(name, filters.status) for name in STATUS_CODES),
        name=filters.name,
        instance_id=filters.instance_id,
        rows=rows,
        pages=_pages(filters.link("") if filters.after else "", filters.link(next_token) if next_token else ""),
    )
    return page("Instances", main, "instances")


def entities_page(entities: Sequence[Mapping[str, Any]], name: str, after: str, next_token: str | None) -> Html:
    """The list of entities with their states."""
    rows = joined(map(_entity_row, entities))
    if not entities:
        rows = Html('<tr><td colspan="4" class="empty">No entity exists here.</td></tr>')
    first, following = (
        f"{HOME}/entities?{urlencode({key: value for key, value in (('name', name), ('after', token)) if value})}"
        for token in ("", next_token or "")
    )
    pages = _pages(first if after else "", following if next_token else "", "First page", "Next page")
    return page("Entities", render("entities", name=name, rows=rows, pages=pages), "entities")


def message_page(title: str, text: str, back: str = HOME) -> Html:
    """One sentence for a person, and a way on."""
    return page(title, render("message", title=title, text=text, back=back))


def sign_in_page(problem: str = "") -> Html:
    """The question for the master key."""
    alert = fill('<p class="alert" role="alert">$problem</p>', problem=problem) if problem else Html()
    return page("Sign in", render("sign_in", alert=alert))


def badge(status: str) -> Html:
    """A runtime status, coloured."""
    return fill('<span class="badge $look">$status</span>', look=status.lower(), status=status)


def time_tag(text: str) -> Html:
    """A moment of the durable API, shown in UTC without what goes without saying."""
    shown = text.replace("T", " ").removesuffix("Z")
    return fill('<time datetime="$text">$shown</time>', text=text, shown=shown)


def _instance_row(instance: Mapping[str, Any]) -> Html:
    custom = instance["customStatus"]
    return render(
        "instance_row",
        badge=badge(instance["runtimeStatus"]),
        link=instance_link(instance["instanceId"]),
        instance_id=instance["instanceId"],
        name=instance["name"],
        created=time_tag(instance["createdTime"]),
        custom_status=_NOTHING if custom is None else payload(custom),
    )


def _entity_row(entity: Mapping[str, Any]) -> Html:
    return fill(
        '<tr><td>$name</td><th scope="row"><code>$key</code></th><td>$state</td><td>$at</td></tr>',
        name=entity["entityId"]["name"],
        key=entity["entityId"]["key"],
        state=payload(entity["state"]),
        at=time_tag(entity["lastOperationTime"]),
    )


def _status_option(name: str, chosen: str) -> Html:
    mark = Html(" selected" if name.lower() == chosen.lower() else "")
    return fill("<option$mark>$name</option>", mark=mark, name=name)


def _pages(first: str, following: str, back: str = "Newest", on: str = "Older") -> Html:
    links = [
        fill('<a href="$link" rel="$rel">$words</a>', link=link, rel=rel, words=words)
        for link, rel, words in ((first, "prev", back), (following, "next", on))
        if link
    ]
    return fill('<nav class="pages" aria-label="Pages">$links</nav>', links=joined(links)) if links else Html()
