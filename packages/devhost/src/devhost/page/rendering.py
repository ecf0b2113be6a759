"""Fills the templates of the ``templates`` folder.

Every value is escaped where a template writes it, because nothing is ever marked as safe. So text of an app cannot
become markup.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from devhost.page.timeline import duration_text, readable

if TYPE_CHECKING:
    from jinja2 import Environment

HOME = "/devhost"
# Shorter payloads are shown in place, longer ones are folded.
_SHORT_CHARACTERS, _BEGINNING_CHARACTERS = 120, 72
# Browsers cannot cope with megabytes of text; the durable API returns all of it.
_SHOWN_CHARACTERS = 200_000


@dataclass(frozen=True)
class FoldedPayload:
    """An input, output or error as a page shows it.

    Attributes:
        line: All of it, if it is short enough to be shown in place; else its beginning.
        length: Characters of the indented text; 0 for a payload that is not folded.
        text: The indented text, at most as much as a browser can take.
    """

    line: str
    length: int = 0
    text: str = ""


def render(template: str, /, **values: object) -> str:
    """Fill a template. Raises jinja2.UndefinedError for a value that the template needs and is not given."""
    return _environment().get_template(template).render(values)


def instance_link(instance_id: str) -> str:
    """Where an instance's page is."""
    return f"{HOME}/instances/{quote(instance_id, safe='@:')}"


def folded(value: object) -> FoldedPayload:
    """Fold a payload that is too long to be shown in place."""
    brief = readable(value, indent=None)
    if len(brief) <= _SHORT_CHARACTERS and "\n" not in brief:
        return FoldedPayload(brief)
    text = readable(value)
    beginning = " ".join(brief[:_SHORT_CHARACTERS].split())[:_BEGINNING_CHARACTERS]
    return FoldedPayload(beginning, len(text), text[:_SHOWN_CHARACTERS])


def percent(place: float) -> str:
    """Write a place between 0.0 and 1.0 as SVG reads it."""
    return f"{place * 100:.3f}%"


@cache
def _environment() -> "Environment":
    # Imported for the first page, since it would make the start of a host a tenth longer.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["HOME"] = HOME
    filters = {"duration": duration_text, "folded": folded, "instance_link": instance_link, "percent": percent}
    environment.filters |= filters
    return environment
