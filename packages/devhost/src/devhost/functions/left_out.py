"""Functions of an app that do not run, because this host or Azure's cannot run them. The others run."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

log = logging.getLogger("devhost.host")

# The rules of Azure's host, which drops a function that breaks them.
_FUNCTION_NAME = re.compile(r"(?!host$)[a-z][a-z0-9_-]{0,127}", re.IGNORECASE | re.ASCII)
_BINDING_NAME = re.compile(r"(?!.*__)[a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return")


@dataclass(frozen=True)
class LeftOut:
    """A function that does not run.

    Attributes:
        name: Its name in the app.
        source: ``file:line`` of the user's function.
        reason: Why, and what to do about it.
        is_in_error: Whether Azure's host drops it too; otherwise only this host cannot run it.
    """

    name: str
    source: str
    reason: str
    is_in_error: bool

    @property
    def place(self) -> str:
        """Its name and source in one line; a faulty name may hold line breaks and control characters."""
        return f"{self.name if self.name.isprintable() else ascii(self.name)} ({self.source})"


def name_faults(function_name: str, binding_names: Iterable[str]) -> Iterator[str]:
    """Yield what Azure's host finds wrong with the name of a function and the names of its bindings."""
    if not _FUNCTION_NAME.fullmatch(function_name):
        yield (
            "it may not have this name, here as in Azure. Give it another, with @app.function_name or by renaming "
            'it: a letter (a to z), then letters, digits, _ and -, 128 at most, and not "host".'
        )
    for name in binding_names:
        if not _BINDING_NAME.fullmatch(name):
            yield (
                f"its binding may not have the name {name!a}, here as in Azure. Give it and the parameter "
                "another: a letter (a to z) or _, then letters, digits and _, 128 at most, without a double _."
            )


def log_left_out(left_out: Iterable[LeftOut]) -> None:
    """Log each in one line: an error where Azure would not run it either, else a warning."""
    for function in left_out:
        level = logging.ERROR if function.is_in_error else logging.WARNING
        log.log(level, "%s does not run, the others do: %s", function.place, function.reason)
