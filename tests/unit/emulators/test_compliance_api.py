"""The compliance API and its rule file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulators.compliance_api import confidence_in, judge
from emulators.compliance_rules import load_rules
from emulators.errors import StartupError

CLEAN_TEXT = (
    "Invoice 2026-0017 of 3 November 2026. Thank you for your order. The work of October comes to 1,234.56 EUR "
    "including tax, payable within thirty days. Please quote the invoice number."
)
KEY = {"Authorization": "Bearer local-key"}


def verdict(text: str, **metadata: str) -> dict[str, Any]:
    return judge(load_rules(), text, metadata)


def codes(text: str, **metadata: str) -> list[str]:
    return [issue["code"] for issue in verdict(text, **metadata)["issues"]]


def test_clean_document_is_compliant_with_high_confidence() -> None:
    answer = verdict(CLEAN_TEXT)

    assert (answer["compliant"], answer["issues"]) == (True, [])
    assert answer["confidence"] >= 0.9


def test_card_number_is_an_issue_whose_message_does_not_repeat_it() -> None:
    answer = verdict(CLEAN_TEXT + " Card: 4111 1111 1111 1111.")

    assert answer["compliant"] is False
    assert [(issue["code"], issue["severity"]) for issue in answer["issues"]] == [("payment_card_number", "high")]
    assert "1111" not in json.dumps(answer)


def test_forbidden_phrase_is_found_across_lines_and_case_but_not_when_excused() -> None:
    assert codes("It is all about Money\nLaundering here.") == ["money_laundering"]
    assert codes("Our anti-money laundering training is due.") == []
    assert codes("The bribery act is not a phrase of ours.") == []


def test_required_phrase_is_asked_for_only_when_its_condition_holds() -> None:
    assert codes("This loan agreement is between the parties.") == ["missing_interest_disclosure"]
    assert codes("This loan agreement has an interest rate of 3 %.") == []
    assert codes("An agreement between the parties.", documentType="contract") == ["missing_governing_law"]
    assert codes("An agreement between the parties.", documentType="letter") == []


def test_low_issue_alone_leaves_a_document_compliant() -> None:
    answer = verdict("A consent form for the newsletter.")

    assert (answer["compliant"], [issue["severity"] for issue in answer["issues"]]) == (True, ["low"])


def test_short_or_garbled_text_lowers_the_confidence() -> None:
    garbled = " ".join(["t#e", "brxqwt", "wor\ufffdd", "fine"] * 10)

    assert confidence_in("Too short") < 0.6
    assert confidence_in(garbled) < 0.5
    assert 0.0 < confidence_in("") < confidence_in(CLEAN_TEXT) <= 1.0


async def test_request_is_answered_and_counted(emulators: aiohttp.ClientSession) -> None:
    async with emulators.post("/compliance", json={"text": CLEAN_TEXT, "metadata": {}}, headers=KEY) as answer:
        assert (answer.status, (await answer.json())["compliant"]) == (200, True)
    async with emulators.get("/usage") as usage:
        assert (await usage.json())["compliance"] == {"requests": 1}


@pytest.mark.parametrize(
    ("key", "status"), [("", 401), ("Basic abc", 401), ("Bearer ", 401), ("Bearer wrong-key", 403)]
)
async def test_wrong_key_is_refused(emulators: aiohttp.ClientSession, key: str, status: int) -> None:
    async with emulators.post("/compliance", json={"text": "x"}, headers={"Authorization": key}) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"{}", b'{"text": 1}', b'{"text": "x", "metadata": []}', b"\xff"]
)
async def test_bad_body_is_refused_with_the_remedy(emulators: aiohttp.ClientSession, body: bytes) -> None:
    async with emulators.post("/compliance", data=body, headers=KEY) as answer:
        assert answer.status == 400
        assert "Send" in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"kind": "magic"}, "identifier, forbiddenPhrases or requiredPhrases"),
        ({"kind": "identifier", "detector": "iban", "severity": "medium", "message": "m"}, "'code' is missing"),
        (
            {"code": "c", "kind": "identifier", "detector": "x", "severity": "low", "message": "m"},
            "one of paymentCard",
        ),
        (
            {"code": "c", "kind": "forbiddenPhrases", "phrases": [], "severity": "low", "message": "m"},
            "list of phrases",
        ),
    ],
)
def test_wrong_rule_file_names_the_file_the_rule_and_the_remedy(
    tmp_path: Path, rule: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"failsAt": "medium", "rules": [rule]}), encoding="utf-8")

    with pytest.raises(StartupError) as refused:
        load_rules(path)

    assert all(part in str(refused.value) for part in (str(path), "rule 1", complaint))
