"""The document pipeline without Azure Functions: models, services, settings, telemetry."""
