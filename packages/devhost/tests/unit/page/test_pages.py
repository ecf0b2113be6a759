"""The contents of the pages, and the effects of their forms."""

import re

import pytest

from tests.unit.page.conftest import Page
from tests.unit.page.sample_orders import MARKUP, ORDER_ID, begin_order, run_order


def text_of(html: str) -> str:
    """The page's words without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_list_shows_the_newest_first_and_links_to_each(page: Page) -> None:
    run_order(page.engine, "first")
    page.engine.advance(minutes=1)
    begin_order(page.engine, "second & last")
    html = page.html("/devhost")
    assert html.index("second &amp; last") < html.index(">first<")
    assert 'href="/devhost/instances/second%20%26%20last"' in html
    assert page.get("/devhost/instances/second%20%26%20last").status == 200


def test_list_is_filtered_by_status_name_and_id(page: Page) -> None:
    run_order(page.engine, "one")
    begin_order(page.engine, "two")

    def listed(query: str) -> set[str]:
        return set(re.findall(r'scope="row"><a [^>]*>(one|two|[^<]*:\d+)<', page.html(f"/devhost?{query}")))

    assert listed("status=Running") == {"two"}
    assert listed("id=on") == {"one"}
    assert listed("name=Order&id=") == {"one", "two"}
    assert len(listed("name=pack")) == 1
    assert "No instance matches." in page.html("/devhost?name=%25")


def test_list_goes_on_over_pages_with_the_same_filter(page: Page) -> None:
    for number in range(60):
        page.engine.start("packing", number, f"p{number:02}")
    page.engine.wait_quiescent()
    first = page.html("/devhost?name=packing")
    (older,) = re.findall(r'<a href="([^"]*)" rel="next"', first)
    second = page.html(older.replace("&amp;", "&"))
    seen = re.findall(r">(p\d\d)<", first + second)
    assert (len(seen), len(set(seen))) == (60, 60)
    assert 'rel="next"' not in second
    assert '<a href="/devhost?name=packing" rel="prev">' in second


def test_empty_host_says_what_to_do(page: Page) -> None:
    assert "Start one, and reload this page." in text_of(page.html("/devhost"))
    assert "No entity exists here." in text_of(page.html("/devhost/entities"))


def test_instance_shows_every_step_with_its_time_and_payloads(page: Page) -> None:
    html = page.html(f"/devhost/instances/{run_order(page.engine)}")
    words = text_of(html)
    for label in ("reserve", "charge", "wait to retry charge", "charge (try 2)", "Approval", "packing"):
        assert label in words
    assert html.count('<details class="step ') == 9
    assert "Took 20 h" in words
    assert "the bank is busy" in words
    assert "199 pens" in html
    assert 'aria-label="at 4 s, 20 h, not needed"' in html
    assert re.findall(r'<text [^>]*text-anchor="end">([^<]*)<', html) == ["20 h"]


def test_parent_and_child_link_to_each_other(page: Page) -> None:
    parent = f"/devhost/instances/{run_order(page.engine)}"
    (child,) = re.findall(r'<a class="relative" href="([^"]*)"', page.html(parent))
    assert "packing" in text_of(page.html(child))
    assert re.findall(r'<a class="relative" href="([^"]*)"', page.html(child)) == [parent]


def test_text_of_an_app_never_becomes_markup(page: Page) -> None:
    instance_id = run_order(page.engine)
    for path in ("/devhost", f"/devhost/instances/{instance_id}", f"/devhost?name={MARKUP}".replace(" ", "%20")):
        assert "<script" not in page.html(path)
    assert "&lt;script&gt;" in page.html(f"/devhost/instances/{instance_id}")


def test_page_allows_no_script_and_nothing_from_elsewhere(page: Page) -> None:
    answer = page.get("/devhost")
    assert str(answer.headers["Content-Security-Policy"]).startswith("default-src 'none'; style-src 'self';")
    assert not re.findall(rb'(?:src|href)="(?:https?:)?//', answer.body)
    style = page.get("/devhost/style.css")
    assert (style.headers["Content-Type"], b"url(" in style.body) == ("text/css; charset=utf-8", False)


def test_many_steps_are_drawn_only_when_asked_for(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devhost.page.instance_view.LANES_SHOWN", 4)
    link = f"/devhost/instances/{run_order(page.engine)}"
    assert "Show 5 more steps" in text_of(page.html(link))
    assert page.html(f"{link}?all=1").count('<details class="step ') == 9


def test_entities_are_listed_with_their_state(page: Page) -> None:
    run_order(page.engine)
    words = text_of(page.html("/devhost/entities"))
    assert "stock pens 98" in words
    assert "stock pencils 99" in words
    assert "No entity exists here." in page.html("/devhost/entities?name=other")


def test_event_raised_by_a_form_reaches_the_instance(page: Page) -> None:
    link = f"/devhost/instances/{begin_order(page.engine)}"
    answer = page.post(f"{link}/raise", {"token": page.token, "name": "Approval", "data": '{"approved": true}'})
    assert (answer.status, answer.headers["Location"]) == (303, f"{link}?done=raise")
    page.engine.wait_quiescent()
    html = page.html(f"{link}?done=raise")
    assert "The event was raised." in html
    assert "Completed" in html


def test_terminate_suspend_and_resume_by_forms(page: Page) -> None:
    link = f"/devhost/instances/{begin_order(page.engine)}"
    for verb, status, offered in (("suspend", "Suspended", "resume"), ("resume", "Running", "suspend")):
        assert page.post(f"{link}/{verb}", {"token": page.token, "reason": "lunch"}).status == 303
        page.engine.wait_quiescent()
        html = page.html(link)
        assert f">{status}</span>" in html
        assert f'action="{link}/{offered}"' in html
    assert page.post(f"{link}/terminate", {"token": page.token, "reason": "too late"}).status == 303
    page.engine.wait_quiescent()
    html = page.html(link)
    assert "too late" in html
    assert "<form" not in html


def test_refusals_say_why(page: Page) -> None:
    link = f"/devhost/instances/{run_order(page.engine)}"
    late = page.post(f"{link}/raise", {"token": page.token, "name": "Approval", "data": ""})
    assert (late.status, b"is Completed" in late.body) == (410, True)
    wrong = page.post(f"{link}/raise", {"token": page.token, "name": "Approval", "data": "yes"})
    assert (wrong.status, b"Put text in quotes" in wrong.body) == (400, True)
    unknown = page.get("/devhost/instances/nobody")
    assert (unknown.status, b"ids are case-sensitive" in unknown.body) == (404, True)


def test_list_as_json_for_the_command_line(page: Page) -> None:
    run_order(page.engine)
    first = page.get("/devhost/api/instances?top=1").json
    second = page.get(f"/devhost/api/instances?top=1&after={first['next']}").json
    names = [one["name"] for one in first["instances"] + second["instances"]]
    assert (sorted(names), second["next"]) == (["order", "packing"], None)


def test_other_requests_are_left_to_the_host(page: Page) -> None:
    for path in ("/", "/api/devhost", "/devhost/clock", "/devhosted"):
        assert page.get(path).status == 418
    assert page.post(f"/devhost/instances/{ORDER_ID}/purge", {"token": page.token}).status == 418
