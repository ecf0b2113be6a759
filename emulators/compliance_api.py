"""The compliance API: `POST /compliance` takes `{text, metadata}` and answers `{compliant, issues, confidence}`.

Confidence, 0.0 to 1.0, is how well the text can be judged, not how compliant it is. The model is simple:

    0.98 for a text of at least 20 words, all legible
    x the length factor: from 0.5 for no words, evenly, to 1.0 for 20 words (little text is hard to judge)
    x the legibility factor: 1.0 while at most 5 % of the words are garbled, down to 0.3 when half of them are

A word is garbled when it holds characters that stand for unreadable glyphs, symbols between its letters, or
five consonants and more without a vowel.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import web

from emulators.compliance_rules import ComplianceRules
from emulators.errors import BadRequest
from emulators.faults import FaultBook
from emulators.json_bodies import read_json_object
from emulators.usage import UsageCounts

BEST_CONFIDENCE = 0.98
ENOUGH_WORDS = 20
TOLERATED_GARBLED_SHARE = 0.05

_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0b\x0e-\x1f]")
_SYMBOL_INSIDE = re.compile(r"[^\W\d_][#*^~|\\<>{}=$%!?]+[^\W\d_]")
_CONSONANTS_ONLY = re.compile(r"[b-df-hj-np-tv-xz]{5,}", re.IGNORECASE)


def confidence_in(text: str) -> float:
    """Return the confidence in a judgement of `text`, 0.0 to 1.0, by the model in the module's docstring."""
    words = text.split()
    if not words:
        return round(BEST_CONFIDENCE * 0.5, 3)
    length_factor = 0.5 + 0.5 * min(1.0, len(words) / ENOUGH_WORDS)
    garbled_share = sum(map(_is_garbled, words)) / len(words)
    excess = max(0.0, garbled_share - TOLERATED_GARBLED_SHARE) / (0.5 - TOLERATED_GARBLED_SHARE)
    return round(BEST_CONFIDENCE * length_factor * (1.0 - 0.7 * min(1.0, excess)), 3)


def _is_garbled(word: str) -> bool:
    return bool(_UNREADABLE.search(word) or _SYMBOL_INSIDE.search(word) or _CONSONANTS_ONLY.fullmatch(word))


def judge(rules: ComplianceRules, text: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return `{compliant, issues: [{code, severity, message}], confidence}` for a document's text."""
    issues = rules.issues(text, metadata)
    return {"compliant": rules.is_compliant(issues), "issues": issues, "confidence": confidence_in(text)}


def add_routes(app: web.Application, rules: ComplianceRules, faults: FaultBook, usage: UsageCounts) -> None:
    """Serve the compliance API."""

    async def check_document(request: web.Request) -> web.Response:
        refusal = _refuse_caller(request.headers.get("Authorization", ""))
        if refusal is not None:
            return refusal
        text, metadata = _parse(await read_json_object(request))
        usage.add("compliance.requests")
        # In a thread: the rules may take a while, and the other emulators must go on.
        return web.json_response(await asyncio.to_thread(judge, rules, text, metadata))

    app.router.add_post("/compliance", faults.guarded("compliance", check_document))


def _refuse_caller(authorization: str) -> web.Response | None:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return web.json_response({"error": "Send 'Authorization: Bearer <COMPLIANCE_API_KEY>'."}, status=401)
    if key.strip() == "wrong-key":
        return web.json_response({"error": "This key may not use the compliance API."}, status=403)
    return None


def _parse(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    text, metadata = body.get("text"), body.get("metadata", {})
    if not isinstance(text, str):
        raise BadRequest("'text' is missing or not a string. Send {text, metadata}.")
    if not isinstance(metadata, dict):
        raise BadRequest("'metadata' is not an object. Send {text, metadata}.")
    return text, metadata
