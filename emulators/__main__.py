"""`python -m emulators`: serve all emulators until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from emulators.errors import StartupError
from emulators.server import serve
from emulators.settings import load_settings


def main() -> int:
    """Run the emulators; return the exit code."""
    # Only the owner may read documents, their text, and the files of the workers.
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(serve(load_settings(sys.argv[1:], os.environ)))
    except StartupError as error:
        print(f"emulators: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
