"""The document pipeline with no Azure Functions in it: models, services, settings, telemetry."""
