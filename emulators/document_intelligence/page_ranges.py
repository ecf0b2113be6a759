"""The `pages` parameter: `1-3, 5`, numbered from 1; empty means all."""

from __future__ import annotations

import re
from collections.abc import Collection

from emulators.document_intelligence.service_errors import TOO_MANY_PAGES, invalid_argument, invalid_request

MOST_PAGES = 2000
_PATTERN = re.compile(r"\s*\d{1,9}(?:-\d{1,9})?\s*(?:,\s*\d{1,9}(?:-\d{1,9})?\s*)*")


def check_page_ranges(pages: str) -> None:
    """Refuse what is not a list of page numbers and ranges.

    Raises:
        ServiceError: InvalidArgument.
    """
    if pages and (not _PATTERN.fullmatch(pages) or any(not 1 <= first <= last for first, last in _ranges(pages))):
        raise invalid_argument("The parameter pages is invalid: give page numbers and ranges like '1-3, 5'.")


def select_pages(pages: str, page_count: int) -> list[int]:
    """Return the selected page numbers, ascending, of a document with `page_count` pages.

    Raises:
        ServiceError: none of the pages exists, or more than 2000 are selected.
    """
    numbers: Collection[int] = range(1, page_count + 1)
    if pages:
        numbers = {number for first, last in _ranges(pages) for number in range(first, min(last, page_count) + 1)}
    if not numbers and page_count:
        raise invalid_argument(f"The parameter pages is invalid: the document has {page_count} pages.")
    if len(numbers) > MOST_PAGES:
        raise invalid_request("InvalidContentLength", TOO_MANY_PAGES)
    return sorted(numbers)


def _ranges(pages: str) -> list[tuple[int, int]]:
    bounds = [part.strip().split("-") for part in pages.split(",")]
    return [(int(bound[0]), int(bound[-1])) for bound in bounds]
