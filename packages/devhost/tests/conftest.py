"""Settings every test runs under."""

import os

from hypothesis import HealthCheck, settings

from tests.reports import pytest_report_to_serializable

__all__ = ["pytest_report_to_serializable"]

# As local.settings.json and the function app have it: an object that slips through as a payload fails at once.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
