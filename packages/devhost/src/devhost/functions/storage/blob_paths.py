"""The path of a blob trigger as a pattern: which blobs it means, and what its ``{tokens}`` stand for in each."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class BlobPattern:
    """Such as ``invoices/{customer}/{name}.pdf``; a container alone means every blob in it.

    Attributes:
        container: The container.
        prefix: What all names begin with, so that no others are listed.
    """

    container: str
    prefix: str
    _names: tuple[str, ...]
    _regex: re.Pattern[str]

    @classmethod
    def parse(cls, path: str) -> "BlobPattern":
        """Read a trigger's path, settings already put in."""
        container, _, blob = path.partition("/")
        pieces = _TOKEN.split(blob or "{name}")
        # Literals and names take turns.
        literals, names = pieces[::2], tuple(piece.strip() for piece in pieces[1::2])
        # As greedy as Azure's own: {name}.{ext} takes the last dot, and {name} may hold slashes.
        regex = "(.+)".join(re.escape(literal) for literal in literals)
        return cls(container, literals[0], names if blob else (), re.compile(regex, re.DOTALL))

    def match(self, blob_name: str) -> dict[str, str] | None:
        """The values of the tokens for a blob of the container; None if the pattern does not mean it."""
        found = self._regex.fullmatch(blob_name)
        return dict(zip(self._names, found.groups(), strict=False)) if found else None
