"""The benchmark's rows about the extension."""

import pytest

from bench.engine.__main__ import main


def test_workflows_on_the_extension_are_measured_beside_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "extension", "--rounds", "1", "--workflows", "10"]) == 0
    printed = capsys.readouterr().out
    for named in (
        "2 workflows on our engine",
        "Microsoft's durable extension on Azurite",
        "CPU of one workflow there",
    ):
        assert named in printed
