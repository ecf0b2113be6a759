"""Runs a headless Chromium, for tests of pages as a browser shows them."""

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="Chromium is not installed; as root on Debian: apt-get install chromium"
)

# Quiet, without a sandbox (root has none), and without requests to the internet.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def dom_of(url: str, profile: Path) -> str:
    """The document as the browser understood it, as HTML."""
    return _run(profile, "--dump-dom", url).decode()


def screenshot_of(url: str, profile: Path, width: int = 1200, height: int = 800) -> Path:
    """A picture of the page."""
    picture = profile.with_suffix(".png")
    _run(profile, f"--window-size={width},{height}", f"--screenshot={picture}", url)
    return picture


def _run(profile: Path, *arguments: str) -> bytes:
    command = [str(PROGRAM), *_FLAGS, f"--user-data-dir={profile}", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout
