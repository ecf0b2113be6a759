"""How much a record may hold: one property of a table's row, with room for all that is still to come.

A property takes 64 KiB of UTF-16. What comes after a document was accepted is bounded where it comes in, so the
limit on what its submitter chooses is all it takes to let every accepted document come to its end.
"""

import json
from typing import Any

MOST_UNITS = 32_000
"""Most UTF-16 code units of a record as JSON; a property holds 32,768."""
MOST_METADATA_UNITS = 12_000
"""The submitter's share of them: 20 plain keys of 64 and values of 500 characters fit."""


def stored_json(value: Any) -> str:
    """JSON as records are stored: compact, and every character but quotation marks and the like as itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def utf16_units(text: str) -> int:
    """How many UTF-16 code units ``text`` takes: an emoji, for one, takes two."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
