"""Templates and the pieces that go into them; whatever is not marked as HTML is escaped."""

import html
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from string import Template

from devhost.page.timeline import readable

_TEMPLATES = Path(__file__).parent / "templates"
# A short payload stands where it is; a longer one is folded.
_SHORT_CHARACTERS, _BEGINNING_CHARACTERS = 120, 72
# Browsers choke on megabytes of text; the durable API has the whole.
_SHOWN_CHARACTERS = 200_000


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def render(template: str, /, **values: object) -> Html:
    """Fill a template of the ``templates`` folder, escaping every value that is not Html."""
    return Html(_template(template).substitute({name: escaped(value) for name, value in values.items()}))


def fill(text: str, /, **values: object) -> Html:
    """Fill a short template given as text, escaping every value that is not Html."""
    return Html(Template(text).substitute({name: escaped(value) for name, value in values.items()}))


def escaped(value: object) -> Html:
    """The value as HTML; quotes are escaped too, so that it can stand in an attribute."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def joined(parts: Iterable[object]) -> Html:
    """The parts one after the other."""
    return Html("".join(escaped(part) for part in parts))


def payload(value: object) -> Html:
    """An input, output or error: short ones as they are, long ones folded under their beginning."""
    brief = readable(value, indent=None)
    if len(brief) <= _SHORT_CHARACTERS and "\n" not in brief:
        return fill("<code>$brief</code>", brief=brief)
    text = readable(value)
    shown, note = text[:_SHOWN_CHARACTERS], ""
    if len(shown) < len(text):
        note = "Only the beginning is shown; the durable API returns the whole."
    beginning = " ".join(brief[:_SHORT_CHARACTERS].split())[:_BEGINNING_CHARACTERS]
    return fill(
        '<details class="payload"><summary><code>$beginning …</code> <small>$size</small></summary>'
        "<pre>$shown</pre>$note</details>",
        beginning=beginning,
        size=f"{len(text):,} characters",
        shown=shown,
        note=note,
    )


@cache
def _template(name: str) -> Template:
    return Template((_TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))
