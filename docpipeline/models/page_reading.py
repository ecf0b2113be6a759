"""How well each page was read, and which pages a person should check."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

MOST_UNMAPPED_SHARE = 0.05
"""The largest share (inclusive) of a text's characters that may be unmapped, 0.0-1.0."""
MOST_DOUBTFUL_PAGES = 100
"""At most this many doubtful pages are listed; with more of them, the whole document should be checked."""

# What text extraction writes for a glyph without a character: the replacement character, private use, controls,
# noncharacters, lone surrogates, and `(cid:12)`.
_UNMAPPED = re.compile(
    r"\(cid:\d+\)"
    "|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff\ufdd0-\ufdef\ue000-\uf8ff\ud800-\udfff"
    "\U000f0000-\U0010ffff]"
)
# Word processors write a bullet as one private-use character at a line's start; no text is lost there.
_BULLET = re.compile("^[ \t]*[\ue000-\uf8ff](?=[ \t])", re.MULTILINE)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class PageReading:
    """How well one page was read."""

    confidence: float | None = None
    """Mean of its words' confidence, 0.0-1.0; None when a word has none, or the page has text and no words."""
    low_words_share: float = 0.0
    """Share of its words with a confidence below 0.5, 0.0-1.0."""
    unmapped_share: float = 0.0
    """Share of its characters, without blanks, that no font maps to a letter, 0.0-1.0."""
    is_empty: bool = False
    """Whether it has neither words nor text, so that nothing can be doubtful."""

    def is_doubtful(self, confidence_threshold: float, low_words_threshold: float) -> bool:
        """Whether a person should check it.

        Args:
            confidence_threshold: the least mean confidence of its words (inclusive), 0.0-1.0.
            low_words_threshold: the largest share of its words below 0.5 (inclusive), 0.0-1.0.
        """
        if self.is_empty:
            return False
        is_confident = self.confidence is not None and self.confidence >= confidence_threshold
        return (
            not is_confident
            or self.low_words_share > low_words_threshold
            or self.unmapped_share > MOST_UNMAPPED_SHARE
        )


def doubtful_pages(
    pages: Iterable[PageReading], confidence_threshold: float, low_words_threshold: float
) -> tuple[int, ...]:
    """Numbers, from 1, of the pages that a person should check; only the first 100, so that records stay small."""
    numbers = (
        number
        for number, page in enumerate(pages, 1)
        if page.is_doubtful(confidence_threshold, low_words_threshold)
    )
    return tuple(islice(numbers, MOST_DOUBTFUL_PAGES))


def unmapped_share(text: str) -> float:
    """The share of a text's characters, without blanks, that no font maps to a letter, 0.0-1.0."""
    readable, unmapped = _UNMAPPED.subn("", _BULLET.sub("", text))
    if not unmapped:
        return 0.0
    return unmapped / (unmapped + len(_BLANKS.sub("", readable)))
