"""Make digital PDFs of any number of pages: service agreements between invented companies.

    python -m samples.large_document --pages 200 --seed 7 > agreement.pdf
    python -m samples.large_document --pages 3 --seed 100 --count 50 --output folder

The same number of pages and seed make the same bytes. Each seed makes another text, and so another content hash.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from samples.pdf_pages import draw_pdf

CLAUSES_PER_PAGE = 12
MAX_PAGES = 5000

_COMPANIES = (
    "Alderton Software",
    "Bexley Shipping",
    "Corvane Energy",
    "Dunmere Foods",
    "Elstow Print",
    "Farrowby Rail",
)
_TOPICS = (
    "Scope of services", "Service levels", "Fees", "Change requests", "Acceptance", "Reporting", "Personnel",
    "Warranty", "Liability", "Insurance", "Term and notice", "Handover",
)  # fmt: skip
_SUBJECTS = ("The supplier", "The customer", "Each party", "The project manager", "The service desk")
_DUTIES = (
    "keeps a written record of", "reviews", "answers without delay any question about", "agrees in writing to",
    "tells the other party about", "bears the usual cost of", "prepares a summary of",
)  # fmt: skip
_OBJECTS = (
    "every planned change", "the monthly report", "the agreed service level", "the list of open points",
    "the maintenance window", "the delivered documentation", "the training of new users", "the yearly forecast",
)  # fmt: skip
_TIMES = (
    "within five working days", "at the end of each quarter", "before work begins", "once a month",
    "no later than the second meeting", "as soon as both sides have signed",
)  # fmt: skip


def make_pdf(pages: int, seed: int) -> bytes:
    """Return a digital PDF with this number of A4 pages, of about 200 words each.

    Raises:
        ValueError: fewer than 1 or more than 5000 pages.
    """
    return draw_pdf(agreement_pages(pages, seed), title=f"Master Services Agreement {_reference(seed)}")


def agreement_pages(pages: int, seed: int) -> list[str]:
    """Return the text of each page of the agreement of this seed. Raises ValueError as make_pdf does."""
    if not 1 <= pages <= MAX_PAGES:
        raise ValueError(f"{pages} pages cannot be made: ask for 1 to {MAX_PAGES}.")
    words = random.Random(seed)
    preamble = _preamble(words, seed)
    return [_page(words, seed, number, pages, preamble if number == 1 else []) for number in range(1, pages + 1)]


def _reference(seed: int) -> str:
    return f"MSA-{seed:04d}"


def _preamble(words: random.Random, seed: int) -> list[str]:
    supplier, customer = words.sample(_COMPANIES, 2)
    return [
        f"Supplier: {supplier} (fictional)",
        f"Customer: {customer} (fictional)",
        f"Reference: {_reference(seed)}",
        "Governing law: the law of the place where the customer has its seat",
        "",
    ]


def _page(words: random.Random, seed: int, number: int, pages: int, preamble: list[str]) -> str:
    heading = f"Master Services Agreement {_reference(seed)}, page {number} of {pages}"
    topic = _TOPICS[(number - 1) % len(_TOPICS)]
    return "\n".join([heading, "", *preamble, f"{number}. {topic}", "", *_clauses(words, number)])


def _clauses(words: random.Random, section: int) -> Iterator[str]:
    for clause in range(1, CLAUSES_PER_PAGE + 1):
        subject, duty, matter = words.choice(_SUBJECTS), words.choice(_DUTIES), words.choice(_OBJECTS)
        yield f"{section}.{clause} {subject} {duty}"
        yield f"{matter} {words.choice(_TIMES)}."


def main() -> int:
    """Write one agreement to standard output, or several with consecutive seeds into a folder."""
    parser = argparse.ArgumentParser(prog="python -m samples.large_document", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=3, help="pages of each document (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first document (default 0)")
    parser.add_argument("--count", type=int, default=1, help="how many, with consecutive seeds (default 1)")
    parser.add_argument("--output", type=Path, help="folder for the files; standard output when absent")
    options = parser.parse_args()
    if options.output is None:
        if options.count != 1:
            parser.error("--count above 1 needs --output FOLDER")
        sys.stdout.buffer.write(make_pdf(options.pages, options.seed))
        return 0
    options.output.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seed, options.seed + options.count):
        (options.output / f"agreement-{seed:04d}.pdf").write_bytes(make_pdf(options.pages, seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
