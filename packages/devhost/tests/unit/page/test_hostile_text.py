"""Whatever an app, an event or an address says is text on the pages, never markup, and never the end of a page."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import jinja2
import pytest

import devhost.page
from devhost.page.rendering import render
from tests.unit.page.conftest import Page
from tests.unit.page.sample_orders import ORDER_ID, begin_order

# It closes an element, an attribute, a comment and a template's own signs, and is markup then.
MARKUP = """--></title></pre>"'><script>alert(1)</script><b onclick='x'>{{ 7 * 7 }}{% raw %}&amp;"""
# Ids must not hold slashes or hashes.
ID = MARKUP.replace("/", "")
SURROGATES = "half a letter: \ud83d and a byte: \udcff"
PAGE_FILES = Path(devhost.page.__file__).parent
TEMPLATES = sorted((PAGE_FILES / "templates").glob("*.html"))


class Markup(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def repeat(page: Page, words: str, instance_id: str) -> None:
    """Have an app say the words wherever it can."""
    page.engine.start("repeat", words, instance_id)
    page.engine.wait_quiescent()


def test_markup_of_an_app_stays_text_on_every_page(page: Page) -> None:
    repeat(page, MARKUP, ID)
    usual = {"html", "head", "meta", "title", "link", "body", "a", "header", "nav", "main", "footer", "h1"}
    link = f"/devhost/instances/{quote(ID)}"
    for path in ("/devhost", link, f"{link}?done={quote(MARKUP)}", "/devhost/entities"):
        shown = Markup(page.html(path))
        assert usual <= shown.elements
        assert shown.elements.isdisjoint({"script", "b"})
        assert [name for name in shown.attributes if name.startswith("on")] == []
        assert MARKUP in shown.text or MARKUP.replace('"', '\\"') in shown.text


@pytest.mark.parametrize("path", ["/devhost?name={}&id={}&status={}&after=", "/devhost/entities?name={}"])
def test_markup_in_an_address_stays_in_its_field(page: Page, path: str) -> None:
    words = quote(MARKUP)
    shown = Markup(page.html(path.format(words, words, words)))
    assert (MARKUP in shown.values, "script" in shown.elements) == (True, False)


def test_markup_in_an_unknown_id_stays_text(page: Page) -> None:
    answer = page.get(f"/devhost/instances/{quote(MARKUP, safe='')}")
    shown = Markup(answer.body.decode())
    assert (answer.status, MARKUP in shown.text, "script" in shown.elements) == (404, True, False)


def test_event_of_any_name_is_a_step_of_that_name(page: Page) -> None:
    begin_order(page.engine)
    page.engine.raise_event(ORDER_ID, MARKUP, MARKUP)
    page.engine.wait_quiescent()
    shown = Markup(page.html(f"/devhost/instances/{ORDER_ID}"))
    assert (MARKUP in shown.text, "script" in shown.elements) == (True, False)


def test_lone_surrogates_are_shown_as_json_writes_them(page: Page) -> None:
    """Guards against an answer of 500 for an instance that once heard an odd file name."""
    repeat(page, SURROGATES, "odd")
    for path in ("/devhost", "/devhost/instances/odd", "/devhost/entities"):
        assert r"half a letter: \ud83d and a byte: \udcff" in page.html(path)


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("/instances/%ED%A0%BD", 404),
        ("/entities?name=%ED%A0%BD", 200),
        ("?id=%ff&name=%00", 200),
        ("?after=%ff", 400),
    ],
)
def test_address_of_any_bytes_is_answered(page: Page, place: str, status: int) -> None:
    assert page.get(f"/devhost{place}").status == status


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_switches_escaping_off(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [word for word in ("|safe", "| safe", "autoescape", "filter safe") if word in text] == []


def test_no_module_of_the_page_makes_markup() -> None:
    sources = [path.read_text(encoding="utf-8") for path in PAGE_FILES.glob("*.py")]
    assert [word for source in sources for word in ("Markup", "</", "/>") if word in source] == []


def test_value_that_a_template_is_not_given_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="text"):
        render("message.html", title="No text", back="/devhost")
