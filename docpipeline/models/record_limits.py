"""How much a record may hold: what fits in one property of a table's row, 64 KiB of UTF-16.

The fields that are set after a document was accepted are limited where they are set. With the limit on the
submitter's part, every accepted document fits in its row until its end.
"""

import json
from typing import Any

MOST_UNITS = 32_000
"""Most UTF-16 code units of a record as JSON; a property holds 32,768."""
MOST_METADATA_UNITS = 12_000
"""The submitter's part of them: 20 keys of 64 characters with values of 500 fit."""


def stored_json(value: Any) -> str:
    """JSON as records are stored: compact, and every character but quotation marks and the like as itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def utf16_units(text: str) -> int:
    """How many UTF-16 code units ``text`` takes: an emoji, for one, takes two."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
