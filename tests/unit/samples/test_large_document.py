"""Documents of any length from a seed: each seed makes another document, and always the same."""

import subprocess
import sys
import time
from pathlib import Path

import pypdfium2
import pytest

from samples.large_document import MAX_PAGES, make_pdf
from samples.make_samples import HERE

REPOSITORY = HERE.parent


def test_same_pages_and_seed_give_the_same_bytes() -> None:
    assert make_pdf(3, seed=7) == make_pdf(3, seed=7)


def test_fifty_seeds_give_fifty_different_documents() -> None:
    assert len({make_pdf(1, seed=seed) for seed in range(50)}) == 50


@pytest.mark.parametrize("pages", [1, 2, 200])
def test_document_has_the_requested_pages_with_their_numbers(pages: int) -> None:
    with pypdfium2.PdfDocument(make_pdf(pages, seed=1)) as pdf:
        assert len(pdf) == pages
        last_page = pdf[pages - 1].get_textpage().get_text_bounded()
    assert f"page {pages} of {pages}" in last_page


def test_two_hundred_pages_take_less_than_three_seconds_of_cpu() -> None:
    before = time.process_time()
    make_pdf(200, seed=2)
    assert time.process_time() - before < 3


@pytest.mark.parametrize("pages", [0, -1, MAX_PAGES + 1])
def test_impossible_number_of_pages_is_refused_with_the_range(pages: int) -> None:
    with pytest.raises(ValueError, match=f"ask for 1 to {MAX_PAGES}"):
        make_pdf(pages, seed=0)


def test_command_writes_one_document_to_standard_output() -> None:
    assert run("--pages", "2", "--seed", "5").stdout == make_pdf(2, seed=5)


def test_command_writes_several_documents_with_consecutive_seeds_into_a_folder(tmp_path: Path) -> None:
    run("--pages", "1", "--seed", "8", "--count", "3", "--output", str(tmp_path / "new"))
    written = sorted((tmp_path / "new").iterdir())
    assert [path.read_bytes() for path in written] == [make_pdf(1, seed=seed) for seed in (8, 9, 10)]


def test_command_needs_a_folder_for_several_documents() -> None:
    refused = run("--count", "2", check=False)
    assert refused.returncode == 2
    assert b"--output FOLDER" in refused.stderr


def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "samples.large_document", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=check, timeout=60)
