"""Keys in tables and names of blobs, which follow from the ids: a second run of an activity finds the first."""

import hashlib
from datetime import datetime

from docpipeline.models.instance_ids import safe_part
from docpipeline.models.runs import RunReference

_LATEST_MS = 9_999_999_999_999


def document_key(document_id: str) -> str:
    """The id itself if keys and blob names may hold it, otherwise ``~`` and its SHA-256.

    No such id holds ``~``, so nobody can choose an id that equals another document's key.
    """
    if safe_part(document_id) == document_id:
        return document_id
    return "~" + hashlib.sha256(document_id.encode()).hexdigest()


def newest_first_key(document_id: str, submitted_at: datetime) -> str:
    """Row key of a document in the listing; the later the submission, the smaller the key."""
    inverted = _LATEST_MS - int(submitted_at.timestamp() * 1000)
    return f"{inverted:013d}|{document_key(document_id)}"


def run_folder(run: RunReference) -> str:
    """The folder of a run's blobs."""
    return f"{document_key(run.document_id)}/{safe_part(run.instance_id)}"
