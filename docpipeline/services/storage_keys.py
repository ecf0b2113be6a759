"""Keys of documents in tables and names of their blobs: deterministic, so that a second run meets the first."""

import hashlib
from datetime import datetime

from docpipeline.models.instance_ids import safe_part
from docpipeline.models.runs import RunReference

_LATEST_MS = 9_999_999_999_999


def document_key(document_id: str) -> str:
    """The id itself where it may stand in keys and blob names, otherwise ``~`` and its SHA-256.

    ``~`` is in no safe id: nobody can choose an id that meets another document's key.
    """
    if safe_part(document_id) == document_id:
        return document_id
    return "~" + hashlib.sha256(document_id.encode()).hexdigest()


def newest_first_key(document_id: str, submitted_at: datetime) -> str:
    """Row key of a document in the listing: ascending keys are descending times of submission."""
    inverted = _LATEST_MS - int(submitted_at.timestamp() * 1000)
    return f"{inverted:013d}|{document_key(document_id)}"


def run_folder(run: RunReference) -> str:
    """Where the blobs of one run of one document lie."""
    return f"{document_key(run.document_id)}/{safe_part(run.instance_id)}"
