"""Where the host's and the app's log lines go: standard error, with time, level, logger and invocation."""

import logging
import sys
import time

from devhost.functions_host.invocation_context import InvocationFilter

_FORMAT = "[%(asctime)s.%(msecs)03dZ] %(levelname)-7s %(name)s%(invocation)s: %(message)s"
# These write a line per HTTP request or more at info level.
_TALKATIVE = ("azure", "aiohttp", "asyncio", "urllib3", "msal")


def set_up_logging(verbose: bool) -> None:
    """Send everything logged in this process to standard error: from info up, or all of it if verbose."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(InvocationFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
