"""The settings of the emulators: from the command line, else from the environment, else the defaults."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulators.errors import StartupError

MEGABYTE = 1024 * 1024
# The value in local.settings.json. It is public and protects nothing.
LOCAL_WEBHOOK_SECRET = "whsec_bG9jYWwtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQ="


@dataclass(frozen=True)
class EmulatorSettings:
    """The settings of the emulators.

    Attributes:
        state_dir: the emulators write to its folder `emulators` only.
        host: the address to listen on.
        port: the port to listen on; 0 picks a free one.
        rules_path: the compliance rule file; None for the one that comes with the emulators.
        webhook_secret: the Standard Webhooks secret (`whsec_` and base64) with which notifications are signed.
        poll_seconds: `Retry-After` of a poll while the analysis runs; a real resource asks for 2.
        source_hosts: hosts that a `urlSource` may name.
        max_document_bytes: larger documents are refused, as by an S0 resource.
    """

    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 7080
    rules_path: Path | None = None
    webhook_secret: str = LOCAL_WEBHOOK_SECRET
    poll_seconds: float = 0.2
    source_hosts: frozenset[str] = frozenset({"127.0.0.1"})
    max_document_bytes: int = 500 * MEGABYTE

    @property
    def data_dir(self) -> Path:
        """The folder for everything that the emulators store."""
        return self.state_dir / "emulators"


def load_settings(arguments: Sequence[str], environ: Mapping[str, str]) -> EmulatorSettings:
    """Read the settings; `--help` and bad options end the process as argparse does.

    Raises:
        StartupError: a value has the wrong form. The message names the setting and its form.
    """
    options = _parser(environ).parse_args(arguments)
    return EmulatorSettings(
        state_dir=Path(options.state_dir).resolve(),
        host=options.host,
        port=int(_number(options.port, "EMULATOR_PORT (--port)", "a whole number from 0 to 65535", 65535)),
        rules_path=Path(options.rules) if options.rules else None,
        webhook_secret=options.webhook_secret,
        poll_seconds=_number(options.poll_seconds, "EMULATOR_POLL_SECONDS (--poll-seconds)", "seconds, like 0.2"),
        source_hosts=frozenset(host.strip().lower() for host in options.source_hosts.split(",") if host.strip()),
    )


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulators",
        description="Document Intelligence, compliance API, notification inbox and telemetry sink on one port.",
    )
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    option(
        "--port", default=environ.get("EMULATOR_PORT") or "7080", help="EMULATOR_PORT; default 7080, 0 = any free"
    )
    option("--state-dir", default=environ.get("STATE_DIR") or ".local", help="STATE_DIR; default .local")
    option("--rules", default=environ.get("EMULATOR_RULES"), help="EMULATOR_RULES; compliance rule file to use")
    option(
        "--webhook-secret",
        default=environ.get("NOTIFICATION_WEBHOOK_SECRET") or LOCAL_WEBHOOK_SECRET,
        help="NOTIFICATION_WEBHOOK_SECRET; default: the documented local value",
    )
    option(
        "--poll-seconds",
        default=environ.get("EMULATOR_POLL_SECONDS") or "0.2",
        help="EMULATOR_POLL_SECONDS; Retry-After of a running analysis (default 0.2)",
    )
    option(
        "--source-hosts",
        default=environ.get("EMULATOR_SOURCE_HOSTS") or "127.0.0.1",
        help="EMULATOR_SOURCE_HOSTS; comma-separated hosts a urlSource may name (default 127.0.0.1)",
    )
    return parser


def _number(text: str, name: str, form: str, highest: float = 3600.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= highest:
        raise StartupError(f"{name} is {text!r}. Give {form}.")
    return value
