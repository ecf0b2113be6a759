"""What the server tells a worker process about a document. Apart, so that the server loads no image library."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExtractionJob:
    """One document to extract.

    Attributes:
        document: path of the submitted bytes.
        result: path at which the complete answer is to appear, all or nothing.
        model_id: as in the request, for the answer.
        api_version: as in the request, for the answer.
        pages: page ranges as in the request; empty means all.
        with_languages: whether the answer is to tell the pages' languages.
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
    """Return where the answer that is to appear at `result` is written until it is complete."""
    return result.with_suffix(".part")
