"""The reference app as a host's workers load it."""

import logging

from bench.engine.reference_app import reference_app

# As silent as the engine is when it is measured in its own process.
logging.getLogger().setLevel(logging.ERROR)

app = reference_app()
