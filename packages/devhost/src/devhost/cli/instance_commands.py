"""The subcommands besides ``start``: their names, options and actions.

``drawing`` is imported where it is used, since it needs rich and ``start`` does not.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devhost.cli.errors import NothingDone, ToolError
from devhost.cli.host_client import HostClient, checked_url
from devhost.cli.wiping import wipe
from devhost.engine.events import FINISHED, STATUS_CODES

_STATE_CHANGES = {
    "terminate": ("end an instance where it is", "Termination of {} was requested."),
    "suspend": ("let an instance rest until it is resumed", "Suspension of {} was requested."),
    "resume": ("let a suspended instance go on", "Resumption of {} was requested."),
    "rewind": ("run the failed parts of a failed instance again", "The failed parts of {} run again."),
}

_UNKNOWN_ACTIVITY = re.compile(r"Activity function '[^']*' does not exist")

Subparsers = Any  # argparse names its type only privately.


def add_commands(subparsers: Subparsers, environ: Mapping[str, str] = os.environ) -> None:
    """Add the subcommands to a parser; each sets ``run``, which ``run_command`` calls.

    Args:
        subparsers: What ``add_subparsers`` returned.
        environ: Where PORT, DEVHOST_KEY and STATE_DIR are read from, as defaults.
    """
    output, host = _output(), _host(environ)

    def add(name: str, run: Callable[[argparse.Namespace], None], about: str) -> argparse.ArgumentParser:
        parents = [output] if run is _wipe else [output, host]
        command: argparse.ArgumentParser = subparsers.add_parser(
            name, help=about, description=about, parents=parents
        )
        command.set_defaults(run=run, command=command)
        return command

    _add_looking(add)
    _add_steering(add)
    emptying = add("wipe", _wipe, "delete all instances and entities of a stopped host")
    default = Path(environ.get("STATE_DIR") or ".local")
    emptying.add_argument(
        "--state-dir", type=Path, default=default, help="its state folder (default: %(default)s)"
    )
    emptying.add_argument("--yes", action="store_true", help="do not ask")


def run_command(parsed: argparse.Namespace) -> int:
    """Run what was parsed. Returns the exit code: 0, or 1 with the reason on standard error."""
    try:
        parsed.run(parsed)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader, perhaps `head`, has closed the pipe. Python must not complain about that at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _RefusedStateDir(argparse.Action):
    """Refuses ``--state-dir``, an option of ``start`` that has no effect on these commands."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.error("this asks a running host, whatever its folder is: say where it runs with --url")


def _output() -> argparse.ArgumentParser:
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON, for programs")
    return output


def _host(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    host = argparse.ArgumentParser(add_help=False)
    host.add_argument(
        "--url",
        type=_url,
        default=f"http://127.0.0.1:{environ.get('PORT') or 7071}",
        help="where the host runs (default: %(default)s, from PORT)",
    )
    host.add_argument("--state-dir", action=_RefusedStateDir, help=argparse.SUPPRESS)
    host.add_argument("--key", default=environ.get("DEVHOST_KEY"), help="master key (default: DEVHOST_KEY)")
    return host


def _add_looking(add: Callable[..., argparse.ArgumentParser]) -> None:
    listing = add("list", _list, "list instances, newest first")
    listing.add_argument("--status", type=_status, help="only of this runtime status, such as Running")
    listing.add_argument("--name", default="", help="only of orchestrators whose name begins so")
    listing.add_argument("--id", default="", help="only with ids that begin so")
    listing.add_argument("--top", type=_count, default=50, help="how many at most (default: 50)")
    for name, run, about in (
        ("show", _show, "show an instance's status, input and output"),
        ("history", _history, "draw an instance as a timeline"),
    ):
        add(name, run, about).add_argument("instance_id", metavar="ID")


def _add_steering(add: Callable[..., argparse.ArgumentParser]) -> None:
    raising = add("raise", _raise_event, "raise an external event")
    raising.add_argument("instance_id", metavar="ID")
    raising.add_argument("event", metavar="EVENT", help="its name")
    raising.add_argument(
        "data", metavar="DATA", nargs="?", default="null", help="JSON, or - to read it (default: null)"
    )
    for verb, (about, _) in _STATE_CHANGES.items():
        command = add(verb, _steer, about)
        command.set_defaults(verb=verb)
        command.add_argument("instance_id", metavar="ID")
        command.add_argument("--reason", help="why, for its history")
    purging = add("purge", _purge, "delete one instance, or finished ones, with their history")
    purging.add_argument("instance_id", metavar="ID", nargs="?")
    purging.add_argument("--finished", action="store_true", help="all finished ones instead of one")
    purging.add_argument(
        "--status", type=_ended_statuses, help="with --finished: only of these, such as Completed,Terminated"
    )
    purging.add_argument(
        "--before", type=_moment, help="with --finished: only those created before, such as 2026-01-31"
    )
    purging.add_argument("--force", action="store_true", help="first terminate an instance that has not finished")


def _client(parsed: argparse.Namespace) -> HostClient:
    return HostClient(parsed.url, parsed.key)


def _list(parsed: argparse.Namespace) -> None:
    found = _client(parsed).list(parsed.status or "", parsed.name, parsed.id, parsed.top, parsed.json)
    if parsed.json:
        return _print_json(found)
    from devhost.cli import drawing

    drawing.draw_list(drawing.console(), found["instances"], found["next"] is not None)


def _show(parsed: argparse.Namespace) -> None:
    client = _client(parsed)
    status = client.status(parsed.instance_id)
    if parsed.json:
        return _print_json(status)
    from devhost.cli import drawing

    drawing.draw_status(drawing.console(), status)
    if status["runtimeStatus"] == "Failed" and _UNKNOWN_ACTIVITY.search(str(status["output"])):
        print(f"The app has these activities: {', '.join(client.activities()) or 'none'}.")


def _history(parsed: argparse.Namespace) -> None:
    status = _client(parsed).status(parsed.instance_id, history=True)
    if parsed.json:
        return _print_json(status)
    from devhost.cli import drawing

    drawing.draw_history(drawing.console(), status, datetime.now(UTC))


def _raise_event(parsed: argparse.Namespace) -> None:
    data = sys.stdin.read() if parsed.data == "-" else parsed.data
    try:
        json.loads(data)
    except ValueError as error:
        raise NothingDone(
            f"The data is not JSON: {error}. Put text in double quotes inside single ones, like '\"yes\"'; "
            "objects look like '{\"approved\": true}'."
        ) from error
    _client(parsed).raise_event(parsed.instance_id, parsed.event, data)
    _done(parsed, f"{parsed.event} was raised to {parsed.instance_id}.", raised=parsed.event)


def _steer(parsed: argparse.Namespace) -> None:
    _client(parsed).steer(parsed.verb, parsed.instance_id, parsed.reason)
    _done(parsed, _STATE_CHANGES[parsed.verb][1].format(parsed.instance_id), requested=parsed.verb)


def _purge(parsed: argparse.Namespace) -> None:
    if parsed.finished == bool(parsed.instance_id):
        raise NothingDone("Say what to purge: one ID, or --finished for all instances that have ended.")
    client = _client(parsed)
    if parsed.finished:
        # The Durable extension takes a purge without a status for one of all instances, running ones too.
        count = client.purge_finished(parsed.status or ",".join(sorted(FINISHED)), parsed.before or "")
        return _print_count(parsed, count)
    status = client.status(parsed.instance_id)["runtimeStatus"]
    if status not in FINISHED and not parsed.force:
        raise NothingDone(
            f"The instance '{parsed.instance_id}' is {status}. Terminate it first, or have that done with --force."
        )
    if status not in FINISHED:
        client.end(parsed.instance_id)
    _print_count(parsed, client.purge(parsed.instance_id))


def _wipe(parsed: argparse.Namespace) -> None:
    if not parsed.yes:
        _ask(f"Delete all instances and entities in {parsed.state_dir / 'devhost'}? [y/N] ")
    removed = wipe(parsed.state_dir)
    if parsed.json:
        return _print_json({"removed": removed})
    print(f"Deleted {', '.join(removed)}. The next start begins afresh; keys stay.")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise NothingDone(
            "This needs a confirmation, and there is no terminal to ask for it. Give --yes to delete everything."
        )
    if input(question).strip().lower() not in ("y", "yes"):
        raise NothingDone("Nothing was deleted.")


def _done(parsed: argparse.Namespace, text: str, **facts: str) -> None:
    if parsed.json:
        return _print_json({"instanceId": parsed.instance_id, **facts})
    print(text)


def _print_count(parsed: argparse.Namespace, count: int) -> None:
    if parsed.json:
        return _print_json({"instancesDeleted": count})
    print(f"Deleted {count} {'instance' if count == 1 else 'instances'}.")


def _print_json(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def _status(text: str) -> str:
    found = [name for name in STATUS_CODES if name.lower() == text.strip().lower()]
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not a runtime status; these are: {', '.join(STATUS_CODES)}")
    return found[0]


def _ended_statuses(text: str) -> str:
    names = [_status(name) for name in text.split(",")]
    if not FINISHED.issuperset(names):
        raise argparse.ArgumentTypeError(f"only these are purged: {', '.join(sorted(FINISHED))}")
    return ",".join(names)


def _moment(text: str) -> str:
    # Checked here, since the durable API ignores an unreadable date and would purge everything.
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a date like 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _url(text: str) -> str:
    try:
        return checked_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
