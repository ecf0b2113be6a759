"""Compliance rules: a declarative JSON file and its evaluation.

The file is an object `{failsAt, rules: [...]}`. A document is compliant when no issue is at least as severe as
`failsAt` (low, medium, high or critical). Every rule has `code`, `kind`, `severity` and `message`, which becomes
the issue's message. A message never repeats text of the document. Per `kind`:

    identifier        `detector`: one of those in check_digits.py, which verify check digits
    forbiddenPhrases  `phrases`: any of them is an issue, as whole words, whatever their case and line breaks,
                      unless the word before is in `unlessPrecededBy` (so that "anti-money laundering" passes)
    requiredPhrases   `anyOf`: at least one must occur, if `when` holds: `anyPhrase` (one of these occurs) and
                      `metadata` (the request's metadata has these values); without `when` the rule always applies
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.check_digits import DETECTORS
from emulators.errors import BadRequest, StartupError
from emulators.json_bodies import check_fields

SEVERITIES = ("low", "medium", "high", "critical")
DEFAULT_RULES = Path(__file__).with_name("compliance_rules.json")


def _is_phrases(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(phrase, str) and phrase for phrase in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_condition(value: Any) -> bool:
    known = isinstance(value, dict) and value.keys() <= {"anyPhrase", "metadata"}
    return (
        known
        and _is_phrases(value.get("anyPhrase", ["any"]))
        and all(_is_text(text) for text in dict(value.get("metadata", {})).values())
    )


Fields = dict[str, tuple[Callable[[Any], bool], str]]

_PHRASES = (_is_phrases, "a list of phrases")
_COMMON_FIELDS: Fields = {
    "code": (_is_text, "a short name like payment_card_number"),
    "kind": (lambda value: value in _KIND_FIELDS, "identifier, forbiddenPhrases or requiredPhrases"),
    "severity": (lambda value: value in SEVERITIES, f"one of {', '.join(SEVERITIES)}"),
    "message": (_is_text, "a sentence that does not repeat what was found"),
}
_KIND_FIELDS: dict[str, Fields] = {
    "identifier": {"detector": (lambda value: value in DETECTORS, f"one of {', '.join(DETECTORS)}")},
    "forbiddenPhrases": {"phrases": _PHRASES, "unlessPrecededBy": _PHRASES},
    "requiredPhrases": {"anyOf": _PHRASES, "when": (_is_condition, "{anyPhrase: [...], metadata: {name: text}}")},
}
_OPTIONAL = {"unlessPrecededBy", "when"}


@dataclass(frozen=True)
class ComplianceRules:
    """Checked rules, ready to be applied."""

    fails_at: str
    rules: Sequence[Mapping[str, Any]]

    def issues(self, text: str, metadata: Mapping[str, Any]) -> list[dict[str, str]]:
        """Apply every rule to a document; return `[{code, severity, message}]`, one per rule that was broken."""
        broken = (rule for rule in self.rules if _EVALUATIONS[rule["kind"]](rule, text, metadata))
        return [{key: rule[key] for key in ("code", "severity", "message")} for rule in broken]

    def is_compliant(self, issues: Sequence[Mapping[str, str]]) -> bool:
        """Return whether all issues are below `failsAt`."""
        limit = SEVERITIES.index(self.fails_at)
        return all(SEVERITIES.index(issue["severity"]) < limit for issue in issues)


def load_rules(path: Path | None = None) -> ComplianceRules:
    """Read a rule file (default: the one that comes with the emulators).

    Raises:
        StartupError: the file is missing or wrong; the message names file, rule and remedy.
    """
    path = path or DEFAULT_RULES
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return _checked(document)
    except OSError as error:
        raise StartupError(f"Rule file {path} cannot be read ({error.strerror}). Check --rules.") from error
    except (ValueError, BadRequest) as error:
        raise StartupError(f"Rule file {path} is wrong: {error}") from error


def _checked(document: Any) -> ComplianceRules:
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        raise BadRequest("it must be an object with a list 'rules'; see emulators/compliance_rules.py.")
    if document.get("failsAt") not in SEVERITIES:
        raise BadRequest(f"'failsAt' must be one of {', '.join(SEVERITIES)}.")
    for number, rule in enumerate(document["rules"], start=1):
        _check_rule(rule, f"rule {number}")
    return ComplianceRules(document["failsAt"], document["rules"])


def _check_rule(rule: Any, name: str) -> None:
    if not isinstance(rule, dict) or rule.get("kind") not in _KIND_FIELDS:
        raise BadRequest(f"'kind' is missing or wrong in {name}. Give {_COMMON_FIELDS['kind'][1]}.")
    fields = {**_COMMON_FIELDS, **_KIND_FIELDS[rule["kind"]]}
    check_fields(rule, fields, required=[field for field in fields if field not in _OPTIONAL], thing=name)


def _holds_identifier(rule: Mapping[str, Any], text: str, _metadata: Mapping[str, Any]) -> bool:
    return next(iter(DETECTORS[rule["detector"]](text)), None) is not None


def _holds_forbidden_phrase(rule: Mapping[str, Any], text: str, _metadata: Mapping[str, Any]) -> bool:
    excused = {word.casefold() for word in rule.get("unlessPrecededBy", ())}
    return any(
        _word_before(text, match.start()) not in excused for match in _phrases(rule["phrases"]).finditer(text)
    )


def _lacks_required_phrase(rule: Mapping[str, Any], text: str, metadata: Mapping[str, Any]) -> bool:
    condition = rule.get("when", {})
    required = condition.get("metadata", {})
    applies = all(str(metadata.get(name, "")).casefold() == value.casefold() for name, value in required.items())
    if "anyPhrase" in condition:
        applies = applies and _phrases(condition["anyPhrase"]).search(text) is not None
    return applies and _phrases(rule["anyOf"]).search(text) is None


def _phrases(phrases: Sequence[str]) -> re.Pattern[str]:
    alternatives = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


def _word_before(text: str, position: int) -> str:
    words = re.findall(r"\w+", text[max(0, position - 40) : position])
    return words[-1].casefold() if words else ""


_EVALUATIONS = {
    "identifier": _holds_identifier,
    "forbiddenPhrases": _holds_forbidden_phrase,
    "requiredPhrases": _lacks_required_phrase,
}
