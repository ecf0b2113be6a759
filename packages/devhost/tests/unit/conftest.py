"""Storage for unit tests: one Azurite for all."""

from tests.azurite import azurite

__all__ = ["azurite"]
