"""The sample documents are complete, reproducible and small, and agree with the manifest."""

import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from samples.make_samples import HERE, PAGE_BREAK, make_samples

DOCUMENTS = HERE / "documents"
MANIFEST: list[dict[str, Any]] = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))["documents"]
FIRST_BYTES = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}
MAX_FILE_BYTES = 300_000
MAX_TOTAL_BYTES = 1_500_000


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all samples, made once for this module."""
    folder = tmp_path_factory.mktemp("samples")
    make_samples(folder)
    return folder


def entry(file: str) -> dict[str, Any]:
    return next(document for document in MANIFEST if document["file"] == file)


def ground_truth(document: dict[str, Any]) -> str:
    return (HERE / "ground_truth" / Path(document["file"]).with_suffix(".txt")).read_bytes().decode()


def test_making_the_samples_again_gives_the_same_bytes(remade: Path) -> None:
    made = {path.relative_to(remade): path for path in remade.rglob("*") if path.is_file()}
    assert made
    differing = [str(name) for name, path in made.items() if path.read_bytes() != (HERE / name).read_bytes()]
    assert differing == []


def test_manifest_names_exactly_the_files_that_exist() -> None:
    assert sorted(document["file"] for document in MANIFEST) == sorted(path.name for path in DOCUMENTS.iterdir())


def test_every_document_has_its_text_and_no_text_is_left_over() -> None:
    texts = sorted(path.stem for path in (HERE / "ground_truth").iterdir())
    assert texts == sorted(Path(document["file"]).stem for document in MANIFEST)


def test_there_are_at_least_ten_documents_of_every_accepted_type() -> None:
    assert len(MANIFEST) >= 10
    assert {document["contentType"] for document in MANIFEST} == set(FIRST_BYTES)


@pytest.mark.parametrize("document", MANIFEST, ids=lambda document: document["file"])
def test_first_bytes_agree_with_the_content_type(document: dict[str, Any]) -> None:
    assert (DOCUMENTS / document["file"]).read_bytes().startswith(FIRST_BYTES[document["contentType"]])


def test_documents_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in DOCUMENTS.iterdir()}
    assert [name for name, size in sizes.items() if size > MAX_FILE_BYTES] == []
    assert sum(sizes.values()) < MAX_TOTAL_BYTES


@pytest.mark.parametrize("document", MANIFEST, ids=lambda document: document["file"])
def test_expected_text_is_on_one_line_of_what_was_drawn(document: dict[str, Any]) -> None:
    lines = [line for page in ground_truth(document).split(PAGE_BREAK) for line in page.split("\n")]
    missing = [phrase for phrase in document["expectedText"] if not any(phrase in line for line in lines)]
    assert missing == []


@pytest.mark.parametrize("document", MANIFEST, ids=lambda document: document["file"])
def test_expected_end_review_and_decision_fit_together(document: dict[str, Any]) -> None:
    allowed = {
        (None, "completed", "approved"),
        ("approve", "completed", "approved_with_review"),
        ("reject", "rejected", "rejected"),
        (None, "failed", "none"),
    }
    assert (document["review"], document["expected"]["status"], document["expected"]["decision"]) in allowed


def test_every_document_that_can_be_read_names_text_to_find() -> None:
    silent = {document["file"] for document in MANIFEST if not document["expectedText"]}
    assert silent == {"corrupt.pdf", "encrypted.pdf", "shaken-photo.png"}


@pytest.mark.parametrize("file", ["invoice.pdf", "contract.pdf", "memo-german.pdf", "payment-letter.pdf"])
def test_digital_pdf_gives_its_own_text_on_every_page(file: str) -> None:
    with pypdfium2.PdfDocument(DOCUMENTS / file) as pdf:
        read = [page.get_textpage().get_text_bounded() for page in pdf]
    drawn = ground_truth(entry(file)).split(PAGE_BREAK)
    assert [page.split() for page in read] == [page.split() for page in drawn]


def test_contract_has_24_pages() -> None:
    with pypdfium2.PdfDocument(DOCUMENTS / "contract.pdf") as pdf:
        assert len(pdf) == 24


def test_scanned_pdf_has_a_page_and_no_text_of_its_own() -> None:
    with pypdfium2.PdfDocument(DOCUMENTS / "membership-form.pdf") as pdf:
        assert [page.get_textpage().get_text_bounded() for page in pdf] == [""]


def test_fax_has_two_frames() -> None:
    with Image.open(DOCUMENTS / "meeting-minutes.tiff") as image:
        assert getattr(image, "n_frames", 1) == 2


@pytest.mark.parametrize(
    ("file", "reason"), [("corrupt.pdf", "Data format error"), ("encrypted.pdf", "Incorrect password error")]
)
def test_pdf_that_must_fail_cannot_be_opened(file: str, reason: str) -> None:
    with pytest.raises(pypdfium2.PdfiumError, match=reason):
        pypdfium2.PdfDocument(DOCUMENTS / file)
