"""The five ports of the local parts: from the environment, or free ones. Checked before anything starts."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from local.errors import LocalPartsError, PortInUse

HOST = "127.0.0.1"
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Ports:
    """Where each part listens, always on 127.0.0.1."""

    functions: int = 7071
    emulators: int = 7080
    blob: int = 10000
    queue: int = 10001
    table: int = 10002

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Ports:
        """The ports named by PORT, EMULATOR_PORT and AZURITE_PORT (blob; queue +1, table +2), or the usual ones.

        Raises:
            LocalPartsError: a value is not a port number, or two parts would share one.
        """
        azurite = _port(environ, "AZURITE_PORT", cls.blob, highest=_HIGHEST_PORT - 2)
        ports = cls(
            functions=_port(environ, "PORT", cls.functions),
            emulators=_port(environ, "EMULATOR_PORT", cls.emulators),
            blob=azurite,
            queue=azurite + 1,
            table=azurite + 2,
        )
        if len({port for _, port, _ in ports.uses()}) < len(ports.uses()):
            raise LocalPartsError(
                f"PORT={ports.functions}, EMULATOR_PORT={ports.emulators} and AZURITE_PORT={azurite} (with the "
                "two ports after it) overlap. Give each part its own."
            )
        return ports

    @classmethod
    def free(cls) -> Ports:
        """Five ports that are free now. Another program may take one before it is used: callers must retry."""
        sockets = [socket.socket() for _ in range(5)]
        try:
            for each in sockets:
                each.bind((HOST, 0))
            return cls(*(each.getsockname()[1] for each in sockets))
        finally:
            for each in sockets:
                each.close()

    def uses(self) -> list[tuple[str, int, str]]:
        """Every port as (the part that needs it, the number, the variable that changes it)."""
        return [
            ("Azurite (blobs)", self.blob, "AZURITE_PORT"),
            ("Azurite (queues)", self.queue, "AZURITE_PORT"),
            ("Azurite (tables)", self.table, "AZURITE_PORT"),
            ("the emulators", self.emulators, "EMULATOR_PORT"),
            ("the Functions host", self.functions, "PORT"),
        ]

    def check_free(self) -> None:
        """Check that nobody listens on any of the ports.

        Raises:
            PortInUse: names the port, the part that needs it and the variable that changes it.
        """
        for part, port, variable in self.uses():
            if not is_free(port):
                raise PortInUse(part, port, variable)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do, so that closed connections of an earlier run (TIME_WAIT) do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts_connections(port: int) -> bool:
    """Whether a server listens on this port of 127.0.0.1."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


def _port(environ: Mapping[str, str], variable: str, default: int, highest: int = _HIGHEST_PORT) -> int:
    value = environ.get(variable, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= highest):
        raise LocalPartsError(f"{variable}={value} is not a port. Give a number from 1 to {highest}.")
    return int(value)
