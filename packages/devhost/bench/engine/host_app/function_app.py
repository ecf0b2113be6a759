"""The reference app as a host's workers load it."""

import logging
import sys
from pathlib import Path

# The host puts only the app's folder on the path; this app belongs to the package `bench`.
sys.path.append(str(Path(__file__).parents[3]))

from bench.engine.reference_app import reference_app

# Log as little as the engine does when it is measured in its own process.
logging.getLogger().setLevel(logging.ERROR)

app = reference_app()
