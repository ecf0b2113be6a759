"""Settings every test runs under."""

import os

# As local.settings.json and the function app have it: an object that slips through as a payload fails at once.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
