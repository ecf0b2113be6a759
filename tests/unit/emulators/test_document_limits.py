"""A document that needs too much memory or time fails permanently, and affects no other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docpipeline.errors import DocumentFailed
from docpipeline.services.analysis_faults import fault_of_failed_operation
from emulators.document_intelligence import worker_process
from emulators.document_intelligence.extraction import extract
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.ocr import LINES_AT_A_TIME
from emulators.document_intelligence.service_errors import ServiceError, too_complex
from emulators.document_intelligence.worker_kinds import MEGABYTE, OCR_WORKER, TEXT_WORKER, WorkerKind
from emulators.document_intelligence.worker_process import LIMIT_SIGNALS, WorkerDied, WorkerProcess
from tests.unit.emulators import sample_documents, slow_ocr_worker
from tests.unit.emulators.emulator_process import EmulatorProcess
from tests.waiting import eventually

FORM_BOMB = sample_documents.page_of_forms(levels=7, repeats=10)
TOO_COMPLEX = "InvalidContentComplexity"


def job_for(document: bytes, folder: Path) -> ExtractionJob:
    path = folder / "document"
    path.write_bytes(document)
    return ExtractionJob(str(path), str(folder / "result.json"), "prebuilt-read", "2023-07-31", "", False, "")


async def death_by(document: bytes, kind: WorkerKind, folder: Path) -> WorkerDied:
    worker = WorkerProcess(kind)
    with pytest.raises(WorkerDied) as caught:
        await worker.run(job_for(document, folder))
    assert worker.pid is None
    return caught.value


async def test_forms_in_forms_that_fill_the_memory_end_the_worker_by_a_limit_signal(
    tmp_path: Path,
) -> None:
    """Guards against a PDF of 2 KB with which a worker, and the machine, run out of memory."""
    death = await death_by(FORM_BOMB, replace(TEXT_WORKER, memory_bytes=96 * MEGABYTE), tmp_path)

    assert death.by_signal in LIMIT_SIGNALS


async def test_page_that_takes_more_than_its_time_ends_the_worker_by_a_limit_signal(
    tmp_path: Path,
) -> None:
    """Guards against a page that keeps a worker busy for minutes without filling its memory."""
    limits = replace(TEXT_WORKER, memory_bytes=16_384 * MEGABYTE, page_cpu_seconds=1)

    assert (await death_by(FORM_BOMB, limits, tmp_path)).by_signal in LIMIT_SIGNALS


async def test_pages_that_each_keep_to_their_time_still_have_one_for_all_of_them(tmp_path: Path) -> None:
    """Guards against 2,000 pages that each take just less than a page may."""
    limits = replace(TEXT_WORKER, memory_bytes=16_384 * MEGABYTE, page_cpu_seconds=600, document_cpu_seconds=1)

    assert (await death_by(FORM_BOMB, limits, tmp_path)).by_signal in LIMIT_SIGNALS


async def test_long_page_has_its_time_for_each_tile_and_each_few_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards against legible scans that fail as too complex: 383 lines on a strip took 113 s of 120 s."""
    monkeypatch.setattr(worker_process, "WORKER_MODULE", slow_ocr_worker.__name__)
    worker = WorkerProcess(replace(OCR_WORKER, page_cpu_seconds=1))

    # Three tiles and two batches of lines: if one is not reported, three parts take 2.1 s of at most 2.
    outcome = await worker.run(job_for(sample_documents.strip_png(100, 4_300), tmp_path))
    await worker.stop()

    assert outcome["outcome"] == "succeeded"
    lines = json.loads((tmp_path / "result.json").read_text())["analyzeResult"]["pages"][0]["lines"]
    assert len(lines) == 3 * slow_ocr_worker.LINES_OF_A_TILE > LINES_AT_A_TIME


async def test_image_that_does_not_fit_in_memory_fails_and_its_worker_makes_room_for_a_fresh_one(
    tmp_path: Path,
) -> None:
    """Guards against a transient error when a library gets no memory."""
    worker = WorkerProcess(replace(OCR_WORKER, memory_bytes=64 * MEGABYTE))

    outcome = await worker.run(job_for(sample_documents.blank_png(9_000), tmp_path))

    assert (outcome["outcome"], outcome["error"]["innererror"]["code"]) == ("failed", TOO_COMPLEX)
    assert worker.pid is None
    assert list(tmp_path.glob("result*")) == []


async def test_limits_of_one_document_leave_the_next_one_its_own(tmp_path: Path) -> None:
    """Guards against limits that include earlier documents: a worker reads thousands of them."""
    worker = WorkerProcess(replace(TEXT_WORKER, page_cpu_seconds=1, document_cpu_seconds=1))
    job = job_for(sample_documents.digital_pdf(page_count=20), tmp_path)

    first_pid = (await worker.run(job), worker.pid)[1]
    outcomes = [await worker.run(job) for _ in range(20)]
    last_pid = worker.pid
    await worker.stop()

    assert [outcome["outcome"] for outcome in outcomes] == ["succeeded"] * 20
    assert first_pid == last_pid


def test_frames_that_unfold_to_far_more_than_their_file_are_refused_by_their_headers(tmp_path: Path) -> None:
    """Guards against a TIFF of some kilobytes that needs hours of OCR."""
    bomb = job_for(sample_documents.frames_without_content(11, 10_000, 10_000), tmp_path)

    with pytest.raises(ServiceError) as caught:
        extract(bomb, with_ocr=True, report_page=lambda _: None)

    assert caught.value.to_json() == too_complex().to_json()


@pytest.mark.parametrize("media_box", ["0 0 14400 0.001", "0 0 0.001 0.001"])
def test_page_too_thin_for_letters_is_a_blank_one(tmp_path: Path, media_box: str) -> None:
    """Guards against page boxes without an image for OCR, which made the service fail."""
    document = job_for(sample_documents.page_of_forms(1, 1, media_box).replace(b" Tj", b" pop"), tmp_path)

    assert extract(document, with_ocr=True, report_page=lambda _: None) == 1


def test_pipeline_does_not_submit_a_bomb_again() -> None:
    """Guards against a bomb that is submitted and paid again and again."""
    assert isinstance(fault_of_failed_operation(too_complex().to_json()), DocumentFailed)


def test_bomb_fails_as_too_complex_while_others_are_served(running_emulators: EmulatorProcess) -> None:
    """Guards against one document that stops the extraction of all others."""
    bomb = running_emulators.submit(FORM_BOMB)
    harmless = running_emulators.submit(sample_documents.digital_pdf())

    def ended() -> list[dict[str, Any]] | None:
        polled = [running_emulators.poll(operation) for operation in (bomb, harmless)]
        return polled if all(operation["status"] != "running" for operation in polled) else None

    failed, succeeded = eventually(ended, "both have ended")
    assert failed["error"]["innererror"]["code"] == TOO_COMPLEX
    assert succeeded["status"] == "succeeded"
