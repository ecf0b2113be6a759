"""The ports of the local parts."""

import socket
from collections.abc import Iterator

import pytest

from local.errors import LocalPartsError, PortInUse
from local.ports import HOST, Ports, accepts_connections, is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which this test listens."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_without_variables_the_usual_ports_are_used() -> None:
    assert Ports.from_environment({}) == Ports(7071, 7080, 10000, 10001, 10002)


def test_azurite_port_moves_all_three_storage_services() -> None:
    ports = Ports.from_environment({"PORT": "8000", "EMULATOR_PORT": "8001", "AZURITE_PORT": "8002"})

    assert ports == Ports(functions=8000, emulators=8001, blob=8002, queue=8003, table=8004)


@pytest.mark.parametrize("value", ["seven", "0", "-1", "70000", "7071.5", "٣"])
def test_a_value_which_is_no_port_is_named_with_its_variable(value: str) -> None:
    with pytest.raises(LocalPartsError, match=r"EMULATOR_PORT=.* is not a port. Give a number from 1 to 65535"):
        Ports.from_environment({"EMULATOR_PORT": value})


def test_azurite_needs_room_for_two_more_ports() -> None:
    with pytest.raises(LocalPartsError, match="from 1 to 65533"):
        Ports.from_environment({"AZURITE_PORT": "65534"})


def test_two_parts_on_one_port_are_refused() -> None:
    with pytest.raises(LocalPartsError, match="overlap"):
        Ports.from_environment({"PORT": "10001"})


def test_free_ports_differ_and_are_free() -> None:
    numbers = [port for _, port, _ in Ports.free().uses()]

    assert len(set(numbers)) == 5
    assert all(is_free(port) for port in numbers)


def test_a_port_in_use_is_named_with_its_part_and_the_variable_to_change(taken_port: int) -> None:
    free = Ports.free()
    ports = Ports(taken_port, free.emulators, free.blob, free.queue, free.table)

    with pytest.raises(PortInUse, match=f"Port {taken_port}, meant for the Functions host, .* PORT="):
        ports.check_free()


def test_accepts_connections_tells_a_server_from_silence(taken_port: int) -> None:
    assert accepts_connections(taken_port)
    assert not accepts_connections(Ports.free().blob)
