"""The job that the server sends to a worker process. A module of its own: the server loads no image library."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExtractionJob:
    """One document to extract.

    Attributes:
        document: path of the submitted bytes.
        result: path of the answer, which appears when it is complete.
        model_id: as in the request, for the answer.
        api_version: as in the request, for the answer.
        pages: page ranges as in the request; empty means all.
        with_languages: whether the answer has the languages of the pages.
        created_at: when the operation was created, for the answer.
    """

    document: str
    result: str
    model_id: str
    api_version: str
    pages: str
    with_languages: bool
    created_at: str

    def to_json(self) -> dict[str, Any]:
        """Return the job as keyword arguments."""
        return asdict(self)


def unfinished_path(result: Path) -> Path:
    """Return the path at which the answer for `result` is written until it is complete."""
    return result.with_suffix(".part")
