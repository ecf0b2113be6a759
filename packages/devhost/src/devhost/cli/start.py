"""``devhost start``: run a function app on this machine until a signal says stop."""

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from devhost.cli.instance_commands import Subparsers
from devhost.engine.errors import DurableEngineError
from devhost.functions import sdk_speedups
from devhost.functions.errors import HostError
from devhost.functions.indexing import HTTP_TRIGGER
from devhost.functions.logging_setup import set_up_logging
from devhost.host.functions_host import FunctionsHost
from devhost.host.options import HostOptions

if TYPE_CHECKING:
    from devhost.worker.source_watch import SourceWatcher

_HIGHEST_PORT = 65535
_LOOK_SECONDS = 0.2


def add_start(subparsers: Subparsers) -> None:
    """Add the command to a parser."""
    start = subparsers.add_parser("start", help="run a function app")
    start.set_defaults(command=start)
    start.add_argument("--app", type=Path, default=Path(), help="folder of function_app.py (default: here)")
    start.add_argument("--port", type=_port, default=7071, help="public port; 0 picks a free one (default: 7071)")
    start.add_argument(
        "--rpc-port", type=_port, default=17071, help="port of the durable RPC API (default: 17071)"
    )
    start.add_argument(
        "--state-dir", type=Path, default=Path(".local"), help="where state is kept (default: .local)"
    )
    start.add_argument("--enable-auth", action="store_true", help="ask for function keys, as in Azure")
    start.add_argument(
        "--clock", choices=("system", "virtual"), default="system", help="virtual: tests move the time"
    )
    start.add_argument(
        "--no-sdk-speedups", action="store_true", help="run the durable SDK as it is shipped, slower (see docs)"
    )
    start.add_argument("--verbose", action="store_true", help="log everything, every episode included")
    _add_engine_and_workers(start)


def _add_engine_and_workers(start: argparse.ArgumentParser) -> None:
    start.add_argument(
        "--engine",
        choices=("devhost", "extension"),
        default="devhost",
        help="what runs durable functions: devhost's own engine, or Microsoft's Durable Task extension, a program "
        "of its own that keeps its state in AzureWebJobsStorage (default: devhost)",
    )
    start.add_argument(
        "--workers",
        type=int,
        help="run functions in so many processes of their own; 0: in the host's (default: "
        "FUNCTIONS_WORKER_PROCESS_COUNT, else 1)",
    )
    start.add_argument(
        "--reload", action="store_true", help="take over changed .py files of the app (in at least one worker)"
    )
    start.add_argument(
        "--strict", action="store_true", help="refuse an app if the host cannot run all of its functions"
    )


def start(parsed: argparse.Namespace) -> int:
    """Run the host. Returns the exit code: 0 after a stop by signal, 1 if the host cannot start or go on."""
    set_up_logging(parsed.verbose)
    if parsed.no_sdk_speedups:
        # Set in the environment, so that worker processes see it too.
        os.environ[sdk_speedups.SETTING] = "0"
    stopping, restarting = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: _request_stop(stopping, received))
    try:
        host = FunctionsHost(_options(parsed))
        _print_functions(host)
        # Made before the host reports that it is ready, so that no later change is missed.
        watcher = _watcher(host, stopping, restarting) if parsed.reload else None
        host.start()
    except (HostError, DurableEngineError) as error:
        print(error, file=sys.stderr)
        return 1
    # One write, since workers write to the same file.
    sys.stdout.write(f"Instances and their timelines: {host.url}/devhost\nHost ready on {host.url}\n")
    sys.stdout.flush()
    if watcher:
        watcher.start()
    exit_code = _wait_for_stop(host, stopping)
    if watcher:
        watcher.stop()
    host.stop()
    if restarting.is_set():
        _start_anew(host)
    return exit_code


def _wait_for_stop(host: FunctionsHost, stopping: threading.Event) -> int:
    """Wait for a signal, or for the end of a process that the host needs; returns the exit code."""
    # A loop, because a signal that arrives just before this thread sleeps does not wake it.
    while not stopping.wait(_LOOK_SECONDS):
        try:
            host.check()
        except HostError as error:
            print(error, file=sys.stderr, flush=True)
            return 1
    print("Stopping: running functions have 10 seconds to end. Press Ctrl-C again to stop at once.", flush=True)
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port; give a whole number from 0 to {_HIGHEST_PORT}")
    return int(text)


def _options(parsed: argparse.Namespace) -> HostOptions:
    return HostOptions(
        app_path=parsed.app,
        state_dir=parsed.state_dir,
        port=parsed.port,
        rpc_port=parsed.rpc_port,
        enable_auth=parsed.enable_auth,
        virtual_clock=parsed.clock == "virtual",
        workers=parsed.workers,
        reload=parsed.reload,
        strict=parsed.strict,
        engine=parsed.engine,
    )


def _watcher(host: FunctionsHost, stopping: threading.Event, restarting: threading.Event) -> "SourceWatcher":
    # Imported here, since no other command and no other start needs watchfiles.
    from devhost.worker.source_watch import SourceWatcher

    return SourceWatcher(host.app.root, lambda: _reload(host, stopping, restarting))


def _reload(host: FunctionsHost, stopping: threading.Event, restarting: threading.Event) -> None:
    try:
        if not host.reload():
            print("The app declares other functions now: the host starts anew.", flush=True)
            restarting.set()
            stopping.set()
    except HostError as error:
        print(f"The changed app is not taken over, the old code goes on. {error}", file=sys.stderr, flush=True)


def _start_anew(host: FunctionsHost) -> None:
    """Replace this process with a new host on the same port; of repeated options the last one counts."""
    logging.shutdown()
    os.execv(sys.executable, [*sys.orig_argv, "--port", str(host.port)])


def _print_functions(host: FunctionsHost) -> None:
    urls = {
        route.function.name: f"[{','.join(route.methods or ('*',))}] {host.url}/{route.template.template}"
        for route in host.routes
    }
    print("\nFunctions:\n")
    # HTTP functions first: their URLs are what a developer looks for.
    for function in sorted(host.active_functions, key=lambda function: function.trigger_type != HTTP_TRIGGER):
        print(f"\t{function.name}: {urls.get(function.name, function.trigger_type)}")
    if host.keys:
        print(f"\nKeys (x-functions-key or ?code=): {host.keys_file}")
        # Only on a terminal: output to a file or another program ends up in logs.
        if sys.stdout.isatty():
            keys = {"master": host.keys.master, "function": host.keys.function, "durable": host.keys.durable}
            print("\n" + "\n".join(f"\t{name}: {key}" for name, key in keys.items()))
    print(flush=True)


def _request_stop(stopping: threading.Event, received: int) -> None:
    # Only a second Ctrl-C means that a person will not wait; supervisors may repeat SIGTERM.
    if stopping.is_set() and received == signal.SIGINT:
        os._exit(130)
    stopping.set()
