"""Whether this host may run an instance, judged by the versions of both."""

from devhost.engine.options import EngineOptions


def may_run(instance_version: str | None, options: EngineOptions) -> bool:
    """Return whether the host's version strategy accepts an instance of `instance_version`.

    Without a ``defaultVersion`` the host has no version to compare with, so nothing is refused.
    """
    if options.default_version is None or options.version_match_strategy == "None":
        return True
    order = compare(instance_version, options.default_version)
    return order == 0 if options.version_match_strategy == "Strict" else order <= 0


def compare(left: str | None, right: str | None) -> int:
    """Return -1, 0 or 1. Empty is the oldest; dotted numbers compare as numbers, others as text without case."""
    if not left or not right:
        return bool(left) - bool(right)
    left_numbers, right_numbers = _numbers(left), _numbers(right)
    if left_numbers is not None and right_numbers is not None:
        return (left_numbers > right_numbers) - (left_numbers < right_numbers)
    return (left.lower() > right.lower()) - (left.lower() < right.lower())


def _numbers(version: str) -> list[int] | None:
    parts = version.split(".")
    # A single number is no .NET version; it is compared as text there, and so it is here.
    if not 2 <= len(parts) <= 4 or not all(part.isdecimal() for part in parts):
        return None
    return [int(part) for part in parts]
