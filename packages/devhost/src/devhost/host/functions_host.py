"""Puts the local host together: an app, its invoker, its durable work, its triggers and its public HTTP server."""

import logging
import os
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from devhost.engine.clock import Clock, SystemClock
from devhost.functions.access_keys import AccessKeys, AccessRules
from devhost.functions.admin_http import AdminHttp
from devhost.functions.app_loader import LoadedApp, app_root, enter_app_root, load_app, locate_script
from devhost.functions.app_settings import apply_settings, is_disabled, read_local_settings
from devhost.functions.binding_checks import check_bindings, storage_triggers
from devhost.functions.bound_invoker import bound
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.errors import HostConfigError
from devhost.functions.host_config import HostConfig
from devhost.functions.http_messages import DEFAULT_BODY_LIMIT_BYTES
from devhost.functions.indexing import IndexedFunction, warn_of_ignored_retries
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.left_out import log_left_out
from devhost.functions.public_http import PublicHttp
from devhost.functions.request_telemetry import RequestTelemetry
from devhost.functions.routing import Route, RouteTable
from devhost.functions.server_thread import ServerThread, bind, port_of
from devhost.functions.timer_monitor import TimerMonitor
from devhost.functions.timers import TimerService
from devhost.host.durable_backend import BackendSetting
from devhost.host.durable_work import DurableWork
from devhost.host.options import HostOptions
from devhost.host.virtual_clock import open_virtual_clock, warn_of_skipped_time
from devhost.page.guard import PageGuard
from devhost.page.page_http import PageHttp
from devhost.protection.private_files import private_folder
from devhost.protection.request_guard import LOOPBACK
from devhost.worker.hosting import AppWorkers, worker_count
from devhost.worker.invoker import WorkerDurableFunctions, WorkerInvoker

log = logging.getLogger("devhost.host")

# How long timers that become due by a jump of the clock may take before the jump counts as done.
_TIMERS_SETTLE_SECONDS = 30.0


class FunctionsHost:
    """A running host. Making one loads the app and takes the ports; ``start`` lets it work.

    Args:
        options: How to run it.

    Raises:
        HostError: The app, its configuration or a port; the text is meant for the developer.
        DurableEngineError: The engine's options or its database.
    """

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._folder = _writable(options.state_dir.resolve() / "devhost")
        self._listener = bind(options.port, "--port")
        self.port = port_of(self._listener)
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.app = self._load()
        self.keys_file = self._folder / "keys.json"
        self.keys = AccessKeys.load_or_create(self.keys_file) if options.enable_auth else None
        self._compose(self._config)

    @property
    def routes(self) -> Sequence[Route]:
        """The HTTP functions and where they listen."""
        return self._routes.routes

    @property
    def active_functions(self) -> Sequence[IndexedFunction]:
        """The app's functions without the disabled ones."""
        return self._active

    def start(self) -> None:
        """Begin to work: continue work in flight, fire timers, answer requests."""
        self._servers = ServerThread("http")
        self._durable.start(self._servers)
        handler = self._page.before(self._public.handle)
        self._site = self._servers.serve(handler, self._listener, self._options.grace_seconds)
        self._timers.start()
        if self._storage is not None:
            self._storage.start(self._invoker)

    def check(self) -> None:
        """Raise HostError if a process that the host needs has ended by itself."""
        self._durable.backend.check()

    def reload(self) -> bool:
        """Run the app's changed code: new workers take over, the old ones end what they run in the grace period.

        Returns:
            False if the app now declares different functions; then nothing has changed, and the host must restart.

        Raises:
            HostError: The changed app cannot be loaded, or its declarations are wrong; the old code goes on.
        """
        assert self._workers is not None
        is_done = self._workers.reload(self._options.grace_seconds, self._check)
        if is_done:
            log.info("The workers run the changed code.")
        return is_done

    def stop(self) -> None:
        """Take no new work, let running functions end within the grace period, then stop. Nothing is lost."""
        deadline = time.monotonic() + self._options.grace_seconds
        self._timers.stop()
        if self._storage is not None:
            self._storage.stop()
        # Requests first, since their functions may still need the engine.
        self._site.stop()
        self._durable.stop(max(1.0, deadline - time.monotonic()))
        self._invoker.wait_idle(max(0.0, deadline - time.monotonic()))
        self._durable.close()
        self._servers.close()
        self._invoker.close()
        if self._telemetry is not None:
            self._telemetry.close()
        if self._storage is not None:
            # Last, since it gives back the messages of functions that were cut off above.
            self._storage.close()

    def _load(self) -> LoadedApp:
        # First, since a setting may name the script.
        apply_settings(read_local_settings(app_root(self._options.app_path)), os.environ)
        script = locate_script(self._options.app_path)
        # Core Tools sets these too.
        own = {
            "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "WEBSITE_HOSTNAME": self.url.removeprefix("http://"),
            "AzureWebJobsScriptRoot": str(script.parent),
        }
        apply_settings(own, os.environ)
        # Before the app, because the SDK reads host.json at import, and its error would look like one of the app.
        self._config = HostConfig.read(script.parent)
        count = worker_count(self._options.workers, os.environ) or int(self._options.reload)
        self._workers = AppWorkers(script, self._folder, count, self._options.strict) if count else None
        if self._workers:
            return self._workers.app
        enter_app_root(script)
        return load_app(script, self._options.strict)

    def _check(self, functions: Iterable[IndexedFunction]) -> None:
        active = tuple(function for function in functions if not is_disabled(function.name, os.environ))
        check_bindings(active, os.environ)
        TimerService(active, self._invoker, SystemClock(), TimerMonitor(self._folder / "timers"), os.environ)

    def _compose(self, config: HostConfig) -> None:
        settings, functions = os.environ, self.app.functions
        log_left_out(self.app.left_out)
        warn_of_ignored_retries(functions)
        self._active = tuple(function for function in functions if not is_disabled(function.name, settings))
        check_bindings(self._active, settings)
        self._routes = RouteTable(self._active, config.route_prefix)
        self._storage = storage_triggers(self._active, config.document, settings, self._folder)
        clock = self._build_clock()
        limit = _positive(settings, "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT") or DEFAULT_BODY_LIMIT_BYTES
        self._durable = self._build_durable(config, clock, limit)
        self._invoker = bound(self._build_invoker(config), self._active, self._storage)
        monitor = TimerMonitor(self._folder / "timers")
        self._timers = TimerService(self._active, self._invoker, clock, monitor, settings)
        self._durable.connect(self._durable_functions())
        self._build_servers(clock, limit)

    def _build_clock(self) -> Clock:
        path = self._folder / "clock.json"
        if self._options.virtual_clock:
            return open_virtual_clock(path)
        warn_of_skipped_time(path)
        return SystemClock()

    def _build_durable(self, config: HostConfig, clock: Clock, limit: int) -> DurableWork:
        setting = BackendSetting(
            document=config.document,
            functions=self._active,
            clock=clock,
            host_url=self.url,
            key=self.keys.durable if self.keys else None,
            folder=self._folder,
            body_limit_bytes=limit,
        )
        return DurableWork(self._options.engine, setting, self._options.rpc_port)

    def _build_invoker(self, config: HostConfig) -> Invoker:
        threads = _positive(os.environ, "PYTHON_THREADPOOL_THREAD_COUNT")
        client_binding = self._durable.backend.client_binding
        if self._workers is None:
            return FunctionInvoker(config.function_timeout, threads, client_binding)
        self._workers.pool.begin(client_binding, threads)
        return WorkerInvoker(self._workers, config.function_timeout, self._durable.backend.attempts)

    def _durable_functions(self) -> HostedDurableFunctions:
        make = WorkerDurableFunctions if self._workers else HostedDurableFunctions
        return make(self._active, self._invoker)

    def _build_servers(self, clock: Clock, limit: int) -> None:
        def advance(duration: timedelta) -> datetime:
            self._durable.backend.advance(duration)
            self._timers.settle(_TIMERS_SETTLE_SECONDS)
            return clock.now()

        self._page = PageHttp(self._durable.backend.instances, clock.now, PageGuard(self.keys))
        self._telemetry = RequestTelemetry.if_set(os.environ)
        self._public = PublicHttp(
            routes=self._routes,
            invoker=self._invoker,
            rules=AccessRules(self.keys),
            durable=self._durable.backend.http,
            admin=AdminHttp(
                self.app.functions,
                self._invoker,
                self._timers,
                advance if self._options.virtual_clock else None,
                self._storage.run_by_hand if self._storage else None,
                limit,
            ),
            spool_folder=self._folder,
            body_limit_bytes=limit,
            telemetry=self._telemetry,
        )


def _writable(folder: Path) -> Path:
    """Create the folder for its owner alone, and check that it is writable. Raises HostConfigError."""
    try:
        private_folder(folder)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
    except OSError as error:
        raise HostConfigError(
            f"The state folder {folder} cannot be written to: {error.strerror}. "
            "Put that right, or give another with --state-dir."
        ) from error
    return folder


def _positive(settings: Mapping[str, str], name: str) -> int | None:
    """A whole number of at least 1 from a setting, or None if it is not set. Raises HostConfigError."""
    value = settings.get(name)
    if not value:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise HostConfigError(f'The setting {name} is "{value}". Give a whole number of at least 1, or remove it.')
    return int(value)
