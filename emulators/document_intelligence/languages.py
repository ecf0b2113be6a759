"""Detects the language of a text by its most common small words: en, de, fr, es, nl, it, pl."""

from __future__ import annotations

import re
from collections import defaultdict

_COMMON_WORDS = {
    "en": "the of and to in is that for it with as was on are this be by not or from have at will which an",
    "de": "der die das und ist nicht ein eine zu den von mit auf für im dem des sich wird oder auch als bei nach",
    "fr": "le la les et des est une du que dans pour qui pas au sur avec ce par sont aux ou nous vous cette",
    "es": "el la los las de que y en un una es por con para del se su al lo como más pero sus este",
    "nl": "de het een en van ik te dat die in is niet zijn op aan met voor er maar om ook als bij naar wordt",
    "it": "il la che di e un una per non sono con del della le gli dei nel alla è come più si questo anche",
    "pl": "i w z na nie się do to że jest o jak po od za dla oraz przez przy są lub być ten który pod",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _COMMON_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)

FEWEST_HITS = 3
_WORD = re.compile(r"[^\W\d_]+")


def detect_language(text: str) -> tuple[str, float] | None:
    """Return the language's code and a confidence, 0.0 to 1.0; None if the text is too short.

    The confidence is the language's share of all votes, where a word common to several languages splits its vote.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    for word in _WORD.findall(text.lower()):
        for language in _LANGUAGES_OF.get(word, ()):
            votes[language] += 1.0 / len(_LANGUAGES_OF[word])
    if sum(votes.values()) < FEWEST_HITS:
        return None
    language, most = max(votes.items(), key=lambda item: item[1])
    return language, round(most / sum(votes.values()), 3)
