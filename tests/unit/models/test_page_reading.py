"""The pages that need a review: by the confidences of their words, and by their unmapped characters."""

import pytest

from docpipeline.models.page_reading import (
    MOST_DOUBTFUL_PAGES,
    MOST_UNMAPPED_SHARE,
    PageReading,
    doubtful_pages,
    unmapped_share,
)

GOOD, BAD = PageReading(confidence=0.99), PageReading(confidence=0.41)
LIMITS = (0.60, 0.30)


def test_one_bad_page_among_good_ones_is_found_by_its_number() -> None:
    assert doubtful_pages([GOOD, BAD, GOOD], *LIMITS) == (2,)


def test_a_page_of_words_both_sure_and_unsure_is_doubtful_though_its_mean_is_not() -> None:
    """As a letter that was read upside down: a mean of 0.635, and a low confidence for every third word."""
    assert doubtful_pages([GOOD, PageReading(confidence=0.635, low_words_share=0.333)], *LIMITS) == (2,)


def test_the_thresholds_themselves_are_good_enough() -> None:
    pages = [PageReading(confidence=0.60, low_words_share=0.30), PageReading(confidence=0.5999)]
    assert doubtful_pages(pages, *LIMITS) == (2,)


def test_an_empty_page_is_not_doubtful_and_one_with_text_of_unknown_confidence_is_at_any_threshold() -> None:
    assert doubtful_pages([PageReading(is_empty=True), PageReading()], 0.0, 1.0) == (2,)


def test_a_page_of_unmapped_characters_is_doubtful_however_sure_the_service_is() -> None:
    at_most, more = MOST_UNMAPPED_SHARE, MOST_UNMAPPED_SHARE + 0.001
    pages = [PageReading(confidence=1.0, unmapped_share=share) for share in (at_most, more)]
    assert doubtful_pages(pages, *LIMITS) == (2,)


def test_two_thousand_doubtful_pages_are_cut_to_a_list_that_stays_small() -> None:
    """History and record have the list, so it must not grow with the document."""
    assert doubtful_pages([BAD] * 2000, *LIMITS) == tuple(range(1, MOST_DOUBTFUL_PAGES + 1))


@pytest.mark.parametrize(
    "unmapped",
    [
        "\ufffd",
        "\ue123",
        "\uf0b7",
        "\U000f1234",
        "\U00100001",
        "\x00",
        "\x07",
        "\x9d",
        "\ufffe",
        chr(0xD83D),
        "(cid:12)",
    ],
    ids=ascii,
)
def test_unmapped_characters_are_counted(unmapped: str) -> None:
    assert unmapped_share(f"abc {unmapped}\n") == 0.25
    assert unmapped_share(unmapped * 3) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\r\f",
        "Größe 5 €, naïve – 東京 ☎ ✓ שלום عربي 👩‍👧 (cid) (cid: 4) so\u00adft \u200b",
        "\uf0b7 first point\n  \uf0a7\tsecond point\n",
    ],
    ids=["nothing", "blanks", "what people write", "bullets of word processors"],
)
def test_ordinary_text_has_no_unmapped_characters(text: str) -> None:
    assert unmapped_share(text) == 0.0


def test_only_one_bullet_in_a_line_does_not_count() -> None:
    """Unmapped glyphs between blanks are not a list."""
    assert unmapped_share("\ue001 \ue002 \ue003 \ue004") == 1.0
