"""A test may log what is no text, and the other processes of its run go on."""

import os
import subprocess
import sys
from pathlib import Path

from tests.reports import printable

HOUSE = Path(__file__).parents[2]
LOGS_A_SURROGATE = """
import logging
def test_it(): logging.getLogger().warning("file \\udcff")
"""


def test_a_log_with_a_lone_surrogate_does_not_end_a_run_in_several_processes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.reports import pytest_report_to_serializable\n")
    (tmp_path / "test_it.py").write_text(LOGS_A_SURROGATE)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "1",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        ".",
        str(tmp_path),
    ]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(command, cwd=HOUSE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_only_what_is_no_text_is_changed() -> None:
    report = {"sections": [("log", "file \udcff")], "duration": 0.5, "longrepr": None}
    assert printable(report) == {"sections": [("log", r"file \udcff")], "duration": 0.5, "longrepr": None}
