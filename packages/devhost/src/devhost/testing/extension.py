"""For tests that run on Microsoft's durable extension where its program is found, and are skipped elsewhere."""

import os

from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.program import PROGRAM_SETTING, find_program

NO_EXTENSION = f"no DurableExtensionHost: build it with 'make extension-host', or name one in {PROGRAM_SETTING}"
"""Why such a test is skipped."""


def has_extension() -> bool:
    """Whether ``devhost start --engine extension`` finds the program."""
    try:
        find_program(os.environ)
    except ExtensionUnavailable:
        return False
    return True
