"""Where the host's and the app's log lines go: standard error, with time, level, logger and invocation."""

import logging
import sys
import time

from devhost.functions.invocation_context import InvocationFilter

_FORMAT = "[%(asctime)s.%(msecs)03dZ] %(levelname)-7s %(name)s%(invocation)s: %(message)s%(fields)s"
# At info level these write a line for each HTTP request, changed file and the like.
_VERBOSE_LIBRARIES = ("azure", "aiohttp", "asyncio", "urllib3", "msal", "watchfiles")
_OWN_ATTRIBUTES = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "invocation", "fields"}


class FieldsFilter(logging.Filter):
    """Gives each record ``fields``: what was logged as ``extra``, written as ``" key=value"``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attribute; never drops a record."""
        extra = {name: value for name, value in record.__dict__.items() if name not in _OWN_ATTRIBUTES}
        record.fields = "".join(f" {name}={value}" for name, value in extra.items())
        return True


def set_up_logging(verbose: bool, process: str = "") -> None:
    """Send everything logged in this process to standard error: from info up, or all of it if verbose.

    Args:
        verbose: Whether to log everything.
        process: Shown in each line, to distinguish the lines of several processes.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = _FORMAT.replace("%(levelname)", f"{{{process}}} %(levelname)") if process else _FORMAT
    formatter = logging.Formatter(text, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(InvocationFilter())
    handler.addFilter(FieldsFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
