"""The reference app as a host's workers load it."""

import logging
import sys
from pathlib import Path

# An app's imports begin in its own folder; this one belongs to a package around it.
sys.path.append(str(Path(__file__).parents[3]))

from bench.engine.reference_app import reference_app

# As silent as the engine is when it is measured in its own process.
logging.getLogger().setLevel(logging.ERROR)

app = reference_app()
