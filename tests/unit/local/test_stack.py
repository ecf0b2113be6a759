"""The stack as a whole, without starting its parts."""

import socket
from pathlib import Path

import pytest

from local import LocalStack, Ports
from local.errors import PartNotInstalled, PortInUse, StateFolderInUse
from local.parts import azurite
from local.ports import HOST
from local.run import welcome
from local.state_folder import StateFolder

PORTS = Ports(7171, 7180, 10100, 10101, 10102)


def can_be_claimed(path: Path) -> bool:
    """Whether a stack can use the folder now."""
    folder = StateFolder(path)
    try:
        folder.claim()
    except StateFolderInUse:
        return False
    folder.release()
    return True


def test_urls_follow_the_ports(tmp_path: Path) -> None:
    stack = LocalStack(tmp_path, PORTS)

    assert stack.host_url == "http://127.0.0.1:7171"
    assert stack.base_url == "http://127.0.0.1:7171/api"
    assert stack.emulator_url == "http://127.0.0.1:7180"


def test_a_port_in_use_is_found_before_anything_starts_and_the_folder_is_free_again(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server:
        free = Ports.free()
        ports = Ports(free.functions, server.getsockname()[1], free.blob, free.queue, free.table)
        with pytest.raises(PortInUse, match="EMULATOR_PORT="):
            LocalStack(tmp_path, ports).start()

    assert can_be_claimed(tmp_path)


def test_two_stacks_cannot_share_a_folder(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.claim()

    with pytest.raises(StateFolderInUse, match=r"in use by the local parts of process \d+.*STATE_DIR="):
        LocalStack(tmp_path).start()

    folder.release()
    assert can_be_claimed(tmp_path)


def test_the_log_of_the_last_run_is_set_aside(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.log("devhost").parent.mkdir()
    folder.log("devhost").write_text("yesterday")

    folder.keep_previous_log("devhost")
    folder.keep_previous_log("azurite")

    assert not folder.log("devhost").exists()
    assert (tmp_path / "logs" / "devhost.previous.log").read_text() == "yesterday"


def test_a_missing_azurite_is_explained(tmp_path: Path) -> None:
    with pytest.raises(PartNotInstalled, match=r"Azurite .* was not found. Install it with: make setup"):
        azurite(tmp_path, tmp_path, PORTS)


def test_logs_of_a_part_that_never_ran_are_empty(tmp_path: Path) -> None:
    assert LocalStack(tmp_path, PORTS).logs("devhost") == ""


def test_the_welcome_has_every_url_and_a_request_to_try(tmp_path: Path) -> None:
    words = welcome(LocalStack(tmp_path, PORTS))

    for place in (
        "http://127.0.0.1:7171/api/health",
        "http://127.0.0.1:7171/api/documents",
        "http://127.0.0.1:7171/devhost",
        "http://127.0.0.1:7180/notifications/inbox",
        "http://127.0.0.1:7180/usage",
        "curl -X POST",
        "samples/documents/invoice.pdf",
        "Ctrl-C",
    ):
        assert place in words
