"""The path of a blob trigger as a pattern: which blobs it matches, and the values of its ``{tokens}`` in each."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class BlobPattern:
    """Such as ``invoices/{customer}/{name}.pdf``; a container alone matches every blob in it.

    Attributes:
        container: The container.
        prefix: The literal beginning of all names; only blobs with it are listed.
    """

    container: str
    prefix: str
    _names: tuple[str, ...]
    _regex: re.Pattern[str]

    @classmethod
    def parse(cls, path: str) -> "BlobPattern":
        """Parse a trigger's path, in which settings have been resolved."""
        container, _, blob = path.partition("/")
        pieces = _TOKEN.split(blob or "{name}")
        # Literals and names alternate.
        literals, names = pieces[::2], tuple(piece.strip() for piece in pieces[1::2])
        # As greedy as Azure's own: {name}.{ext} takes the last dot, and {name} may hold slashes.
        regex = "(.+)".join(re.escape(literal) for literal in literals)
        return cls(container, literals[0], names if blob else (), re.compile(regex, re.DOTALL))

    def match(self, blob_name: str) -> dict[str, str] | None:
        """The values of the tokens for a blob of the container; None if the pattern does not match."""
        found = self._regex.fullmatch(blob_name)
        return dict(zip(self._names, found.groups(), strict=False)) if found else None
