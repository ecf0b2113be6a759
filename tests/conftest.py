"""Settings every test runs under."""

import os

from tests.parallel import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]

# As in local.settings.json and in Azure: a payload that is not plain JSON fails at once.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
