"""The error of a hook."""


class HookError(Exception):
    """A hook cannot go on. The message says why, and what to do."""
