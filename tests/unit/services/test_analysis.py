"""Reading an analysis: what each page is worth, and what of an answer is no answer."""

import json
from typing import Any

import pytest

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.page_reading import PageReading, doubtful_pages
from docpipeline.services.analysis import Analysis, read_operation


def read(**result: object) -> Analysis:
    """The analysis in a result, sent as the service sends it; NaN and infinities go out as Python writes them."""
    analysis = read_operation(json.dumps({"status": "succeeded", "analyzeResult": result}).encode())
    assert analysis is not None
    return analysis


def a_page(*confidences: object, spans: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "words": [{"content": "w", "confidence": confidence} for confidence in confidences],
        "spans": spans or [],
    }


def test_a_page_of_gibberish_is_found_although_the_mean_of_all_words_is_high() -> None:
    """Three pages, the second upside down: 0.96 over all words, and nobody had to look."""
    upside_down = a_page(*[0.3] * 7, *[0.8] * 14)
    analysis = read(content="w", pages=[a_page(*[0.996] * 95), upside_down, a_page(*[0.996] * 95)])
    assert analysis.confidence == pytest.approx(0.96, abs=0.01)
    assert analysis.low_confidence_share == pytest.approx(0.03, abs=0.01)
    assert analysis.pages[1] == PageReading(confidence=0.6333, low_words_share=0.3333)
    assert doubtful_pages(analysis.pages, 0.60, 0.30) == (2,)


def test_a_page_is_empty_doubtful_or_confident_by_what_is_known_of_its_words() -> None:
    text = "first third"
    analysis = read(
        content=text,
        pages=[
            a_page(0.9, 0.7, spans=[{"offset": 0, "length": 5}]),
            a_page(spans=[{"offset": 5, "length": 1}]),
            {"spans": [{"offset": 6, "length": 5}]},
            a_page(0.99, None),
        ],
    )
    assert analysis.pages == (
        PageReading(confidence=0.8),
        PageReading(is_empty=True),
        PageReading(confidence=None),
        PageReading(confidence=None),
    )
    assert doubtful_pages(analysis.pages, 0.60, 0.30) == (3, 4)


def test_characters_that_no_font_maps_are_counted_for_each_page() -> None:
    """A page whose font maps to nothing must not drown in the text of the others either."""
    text = "ordinary text " * 100 + "\ue001\ue002 (cid:3)x"
    pages = [
        a_page(1.0, spans=[{"offset": 0, "length": 1400}]),
        a_page(1.0, spans=[{"offset": 1400, "length": 11}]),
    ]
    analysis = read(content=text, pages=pages)
    assert [page.unmapped_share for page in analysis.pages] == [0.0, 0.75]
    assert analysis.unmapped_share == 0.75
    assert doubtful_pages(analysis.pages, 0.60, 0.30) == (2,)


def test_unmapped_characters_are_counted_where_no_page_says_which_text_is_its_own() -> None:
    assert read(content="\ufffd\ufffd\ufffdx", pages=[a_page(1.0)]).unmapped_share == 0.75


@pytest.mark.parametrize(
    "nonsense", [float("nan"), float("inf"), float("-inf"), 1.01, -0.01, 17, True, "0.9", [1], {}]
)
def test_a_confidence_that_is_none_is_unknown_and_its_page_doubtful(nonsense: object) -> None:
    """JSON parsers of Python read NaN and Infinity: a mean with one of them compares as nothing at all."""
    analysis = read(content="w w", pages=[a_page(0.9, nonsense)])
    assert (analysis.confidence, analysis.lowest_confidence, analysis.low_confidence_share) == (0.9, 0.9, 0.0)
    assert doubtful_pages(analysis.pages, 0.0, 1.0) == (1,)


def test_a_number_too_large_for_a_float_is_no_confidence() -> None:
    pages = b'[{"words": [{"confidence": 1e999}]}]'
    analysis = read_operation(b'{"status": "succeeded", "analyzeResult": {"content": "w", "pages": %s}}' % pages)
    assert analysis is not None
    assert analysis.confidence is None
    assert doubtful_pages(analysis.pages, 0.0, 1.0) == (1,)


@pytest.mark.parametrize(
    "result",
    [
        {"content": 5},
        {"content": ["w"]},
        {"content": "w", "pages": {"1": {}}},
        {"content": "w", "pages": 7},
        {"content": "w", "pages": [7]},
        {"content": "w", "pages": [{"words": "w"}]},
        {"content": "w", "pages": [{"words": [7]}]},
        {"content": "w", "pages": [{"spans": [{"offset": float("nan"), "length": 1}]}]},
        {"content": "w", "pages": [{"spans": [{"offset": 0, "length": -1}]}]},
        {"content": "w", "pages": [{"spans": [{"offset": 0}]}]},
        {"content": "w", "languages": [{"locale": 5, "spans": []}]},
        {"content": "w", "languages": [{"locale": "en", "spans": [{"offset": 0, "length": float("inf")}]}]},
        [],
    ],
)
def test_an_answer_of_another_shape_is_not_understood(result: object) -> None:
    with pytest.raises(ServiceUnavailable, match="could not be understood"):
        read_operation(json.dumps({"status": "succeeded", "analyzeResult": result}).encode())
