"""Settings every test runs under."""

import os

# As in local.settings.json and in Azure: a payload that is not plain JSON fails at once.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
