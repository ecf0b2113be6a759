"""How well each page was read, and which pages a person should look at."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

MOST_UNMAPPED_SHARE = 0.05
"""Largest share (inclusive) of a text's characters that may stand for nothing, 0.0-1.0."""
MOST_DOUBTFUL_PAGES = 100
"""So many doubtful pages are named; whoever finds more looks at the whole document."""

# What readers write for a glyph without a character: the replacement character, private use, controls,
# noncharacters, lone surrogates, and `(cid:12)`.
_UNMAPPED = re.compile(
    r"\(cid:\d+\)"
    "|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff\ufdd0-\ufdef\ue000-\uf8ff\ud800-\udfff"
    "\U000f0000-\U0010ffff]"
)
# Word processors write bullets as one private character at a line's start: it stands for no word.
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
    """Share of its characters, blanks apart, that stand for nothing, 0.0-1.0."""
    is_empty: bool = False
    """Whether there is neither a word nor any text on it: nothing to doubt."""

    def is_doubtful(self, confidence_threshold: float, low_words_threshold: float) -> bool:
        """Whether a person should look at it.

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
    """Numbers, from 1, of the pages a person should look at: the first 100 at most, so that records stay small."""
    numbers = (
        number
        for number, page in enumerate(pages, 1)
        if page.is_doubtful(confidence_threshold, low_words_threshold)
    )
    return tuple(islice(numbers, MOST_DOUBTFUL_PAGES))


def unmapped_share(text: str) -> float:
    """The share of a text's characters, blanks apart, that no font maps to a letter, 0.0-1.0."""
    readable, unmapped = _UNMAPPED.subn("", _BULLET.sub("", text))
    if not unmapped:
        return 0.0
    return unmapped / (unmapped + len(_BLANKS.sub("", readable)))
