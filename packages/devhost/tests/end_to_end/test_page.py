"""The page at /devhost of a running host, in a browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.end_to_end.chromium import dom_of, needs_chromium, screenshot_of
from tests.end_to_end.devhost_process import DevhostProcess
from tests.unit.functions.http_client import Answer, ask


@pytest.fixture
def host(tmp_path: Path) -> Iterator[DevhostProcess]:
    host = DevhostProcess(tmp_path)
    yield host
    host.stop()


def send_form(host: DevhostProcess, path: str, values: dict[str, str], **headers: str) -> Answer:
    """Send a form as a browser does."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": host.origin, **headers}
    return ask(host.origin, "POST", path, urlencode(values).encode(), sent)


@needs_chromium
def test_browser_shows_the_list_and_timelines_without_any_script(host: DevhostProcess, tmp_path: Path) -> None:
    host.wait_for(host.begin("greet_everyone", ["Ada", "Grace"], "greetings"))
    host.wait_for(host.begin("fail", None, "failure"))
    listed = dom_of(f"{host.origin}/devhost", tmp_path / "list")
    assert "<script" not in listed
    assert listed.index(">failure<") < listed.index(">greetings<")
    drawn = dom_of(f"{host.origin}/devhost/instances/greetings", tmp_path / "one")
    assert len(re.findall(r'<rect class="bar activity done"', drawn)) == 2
    assert "Hello Grace!" in drawn
    failed = dom_of(f"{host.origin}/devhost/instances/failure", tmp_path / "failure")
    assert '<rect class="bar activity failed"' in failed
    assert "nobody to greet" in failed


@needs_chromium
def test_timeline_is_drawn_in_colour_within_the_window(host: DevhostProcess, tmp_path: Path) -> None:
    host.wait_for(host.begin("fail", None, "failure"))
    picture = Image.open(screenshot_of(f"{host.origin}/devhost/instances/failure", tmp_path / "picture"))
    colours = picture.convert("RGB").getcolors(picture.width * picture.height)
    assert picture.size == (1200, 800)
    # The red of a failed step: a bar of some hundred pixels at least.
    assert sum(count for count, colour in colours or () if colour == (191, 58, 43)) > 500


def test_event_is_raised_from_the_page(host: DevhostProcess) -> None:
    host.wait_for(host.begin("wait_for_approval", None, "waiting"), "Running")
    link = "/devhost/instances/waiting"
    page = host.ask("GET", link).body.decode()
    (token, *_) = re.findall(r'name="token" value="([^"]+)"', page)
    form = {"token": token, "name": "approval", "data": '{"by": "me"}'}
    assert send_form(host, f"{link}/raise", {**form, "token": "guessed"}).status == 403
    assert send_form(host, f"{link}/raise", form, Origin="http://elsewhere.example").status == 403
    assert send_form(host, f"{link}/raise", form).status == 303
    assert host.wait_for("waiting")["output"] == {"type": "dict", "decision": {"by": "me"}}
