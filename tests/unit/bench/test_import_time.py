"""The import benchmark measures an app folder, and fails when the import is too slow."""

import json
from pathlib import Path

import pytest

from bench.import_time import ImportedModule, main, parse_import_times


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app folder whose function_app.py imports one module."""
    (tmp_path / "function_app.py").write_text("import json.tool\nprint('an app may print')\n")
    return tmp_path


def test_quick_app_passes_and_its_slowest_imports_are_listed(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--app", str(app), "--runs", "1", "--limit", "30"]) == 0
    printed = capsys.readouterr().out
    assert "median" in printed
    assert "function_app" in printed.split("Slowest imports")[1]


def test_slow_app_exits_with_1_and_names_the_remedy(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--app", str(app), "--runs", "1", "--limit", "0"]) == 1
    assert "where they are first used" in capsys.readouterr().err


def test_app_that_cannot_be_imported_exits_with_2_and_shows_why(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (app / "function_app.py").write_text("raise RuntimeError('no such setting')\n")
    assert main(["--app", str(app), "--runs", "1"]) == 2
    assert "no such setting" in capsys.readouterr().err


def test_app_sees_the_values_of_its_local_settings(app: Path) -> None:
    (app / "local.settings.json").write_text(json.dumps({"Values": {"BENCH_PROBE": "yes"}}))
    (app / "function_app.py").write_text("import os\nassert os.environ['BENCH_PROBE'] == 'yes'\n")
    assert main(["--app", str(app), "--runs", "1", "--limit", "30"]) == 0


def test_import_times_are_read_from_pythons_report() -> None:
    report = (
        "import time: self [us] | cumulative | imported package\nimport time:  120 |   3400 |   json.decoder\n"
    )
    assert list(parse_import_times(report)) == [ImportedModule("json.decoder", 0.00012, 0.0034)]
