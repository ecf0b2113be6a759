"""The sample documents: who sends each, what it shows, how it is drawn, and how its run must end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from samples import scans
from samples.pdf_pages import draw_pdf, wrap_image

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
PASSWORD = "open-sesame"


@dataclass(frozen=True)
class Sample:
    """One sample document.

    Attributes:
        file: name inside samples/documents; ground_truth/<stem>.txt holds its text.
        draw: turns the text of the pages into the file's bytes.
        status: the status it must end with, as in the design.
        decision: the decision that its record must have: approved, approved_with_review, rejected or none.
        review: what the demo decides, "approve" or "reject"; None when no review is expected.
        expected_text: phrases, each within one line, that the extracted text must have.
    """

    file: str
    content_type: str
    user_id: str
    shows: str
    draw: Callable[[list[str]], bytes]
    status: str = "completed"
    decision: str = "approved"
    review: str | None = None
    expected_text: tuple[str, ...] = ()
    priority: str = "normal"

    @property
    def text_file(self) -> str:
        """Name of the file in samples/ground_truth that holds the text drawn, a form feed between pages."""
        return PurePath(self.file).with_suffix(".txt").name

    def to_manifest(self) -> dict[str, object]:
        """Return the entry for manifest.json."""
        return {
            "file": self.file,
            "contentType": self.content_type,
            "userId": self.user_id,
            "priority": self.priority,
            "shows": self.shows,
            "expected": {"status": self.status, "decision": self.decision},
            "review": self.review,
            "expectedText": list(self.expected_text),
        }


def _digital_pdf(pages: list[str]) -> bytes:
    return draw_pdf(pages, title=pages[0].split("\n")[0])


def _scanned_png(pages: list[str]) -> bytes:
    return scans.as_png(scans.scan(pages[0], seed=11))


def _photographed_jpeg(pages: list[str]) -> bytes:
    return scans.as_jpeg(scans.photograph(pages[0], seed=12), quality=62)


def _faxed_tiff(pages: list[str]) -> bytes:
    return scans.as_tiff([scans.fax(page, seed=13 + number) for number, page in enumerate(pages)])


def _image_only_pdf(pages: list[str]) -> bytes:
    jpeg = scans.as_jpeg(scans.scan(pages[0], seed=15), quality=60)
    return wrap_image(jpeg, title="Scan", dots_per_inch=scans.DOTS_PER_INCH)


def _shaken_png(pages: list[str]) -> bytes:
    return scans.as_png(scans.shaken(pages[0], seed=16))


def _cut_off_pdf(pages: list[str]) -> bytes:
    whole = _digital_pdf(pages)
    # The second half has the page tree and the cross-reference table. Without them, no reader can repair the file.
    return whole[: len(whole) // 2]


def _encrypted_pdf(pages: list[str]) -> bytes:
    return draw_pdf(pages, title="Price list", password=PASSWORD)


SAMPLES = (
    Sample(
        file="invoice.pdf",
        content_type=PDF,
        user_id="amelie.brandt",
        priority="high",
        shows="A one-page invoice as a digital PDF: nothing to object to, so nobody is asked.",
        draw=_digital_pdf,
        expected_text=("Brightwater Office Supplies Ltd", "Total amount due", "€849.72"),
    ),
    Sample(
        file="contract.pdf",
        content_type=PDF,
        user_id="amelie.brandt",
        shows="A contract of 24 pages: a long document, and a history no longer than for a short one.",
        draw=_digital_pdf,
        expected_text=("Master Services Agreement MSA-0024, page 1 of 24", "page 24 of 24", "24. Handover"),
    ),
    Sample(
        file="delivery-note.png",
        content_type=PNG,
        user_id="jonas.pereira",
        shows="A scanned page, soft and grainy, read by OCR.",
        draw=_scanned_png,
        expected_text=("Harrowgate Timber Merchants", "Swift Valley Haulage", "The goods arrived dry"),
    ),
    Sample(
        file="receipt.jpg",
        content_type=JPEG,
        user_id="jonas.pereira",
        shows="A photograph of a receipt: tilted, noisy, unevenly lit.",
        draw=_photographed_jpeg,
        expected_text=("The Copper Kettle Bakery", "Apple and cinnamon tart", "Served at table eleven"),
    ),
    Sample(
        file="meeting-minutes.tiff",
        content_type=TIFF,
        user_id="rosa.nakamura",
        shows="A fax of two pages in one TIFF: every frame is read.",
        draw=_faxed_tiff,
        expected_text=("Minutes of the Garden Committee", "to buy a new water pump", "Minutes approved"),
    ),
    Sample(
        file="membership-form.pdf",
        content_type=PDF,
        user_id="rosa.nakamura",
        shows="A PDF which is only a picture: it has no text of its own, so OCR reads it.",
        draw=_image_only_pdf,
        expected_text=("Application for Membership", "Lakeside Rowing Club", "double scull"),
    ),
    Sample(
        file="memo-german.pdf",
        content_type=PDF,
        user_id="oskar.lindgren",
        shows="A German memo: umlauts, ß, é and € arrive as they were written.",
        draw=_digital_pdf,
        expected_text=("Käthe Größmann", "Schloßstraße 12", "1.850 €", "Café Olé"),
    ),
    Sample(
        file="payment-letter.pdf",
        content_type=PDF,
        user_id="oskar.lindgren",
        priority="high",
        shows="A letter with a payment card number: flagged, and a person approves it.",
        draw=_digital_pdf,
        decision="approved_with_review",
        review="approve",
        expected_text=("Clearview Window Cleaning", "Please confirm the change in writing."),
    ),
    Sample(
        file="expense-claim.pdf",
        content_type=PDF,
        user_id="casimir.holt",
        shows="An expense claim with a bribe and a national id: flagged, and a person rejects it.",
        draw=_digital_pdf,
        status="rejected",
        decision="rejected",
        review="reject",
        expected_text=("Hotel, two nights", "Total claimed"),
    ),
    Sample(
        file="shaken-photo.png",
        content_type=PNG,
        user_id="jonas.pereira",
        shows="A photo taken with a shaking hand: nobody can read it, so a person looks, and rejects it.",
        draw=_shaken_png,
        status="rejected",
        decision="rejected",
        review="reject",
    ),
    Sample(
        file="corrupt.pdf",
        content_type=PDF,
        user_id="rosa.nakamura",
        shows="A PDF cut off half-way: it fails with a clear error while all else goes on.",
        draw=_cut_off_pdf,
        status="failed",
        decision="none",
    ),
    Sample(
        file="encrypted.pdf",
        content_type=PDF,
        user_id="amelie.brandt",
        shows="A PDF which asks for a password: it fails with a clear error.",
        draw=_encrypted_pdf,
        status="failed",
        decision="none",
    ),
)  # fmt: skip
