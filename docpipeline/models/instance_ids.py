"""Ids of documents, orchestration instances, blobs and notifications, which are built only here."""

import hashlib
import re
import secrets
from datetime import datetime

from docpipeline.models.outside_text import problem_with_name

MAX_ID_LENGTH = 100
"""The most characters of a documentId or userId."""
MAX_INSTANCE_ID_LENGTH = 100
"""The most characters of an instance id; every durable backend allows at least these."""

_FORBIDDEN = re.compile(r"[/\\#?]")
_UNSAFE = re.compile(r"[^A-Za-z0-9._@-]")
_HASH_DIGITS = 8
_INSTANCE_PART_LENGTH = 34
"""With ``doc-``, 13 digits of time, 12 random digits and the hyphens, two parts are MAX_INSTANCE_ID_LENGTH."""


def problem_with_id(value: str) -> str | None:
    """What is wrong with a documentId or userId, as the end of a sentence; None when it is valid.

    An id may hold what a name may hold, except for what table keys, instance ids and paths cannot hold.
    """
    if not value or value != value.strip():
        return "must not be empty, nor begin or end with a blank"
    problem = problem_with_name(value, MAX_ID_LENGTH)
    if problem:
        return problem
    if _FORBIDDEN.search(value):
        return "must not contain / \\ # or ?"
    if "\ufffd" in value:
        # Hosts read bytes that are not UTF-8 as U+FFFD: ids that differ only there would become the same.
        return "must be UTF-8 text, percent-encoded where it is part of a URL"
    return None


def safe_part(value: str, longest: int = MAX_ID_LENGTH) -> str:
    """``value`` as a part of an instance id, blob name or table key: ``[A-Za-z0-9._@-]`` only.

    A value that had to be changed or cut gets eight hex digits of its hash. Has at most ``longest`` characters.
    """
    replaced = _UNSAFE.sub("_", value)
    if replaced == value and len(value) <= longest and value.strip("."):
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{replaced[: longest - _HASH_DIGITS - 1]}_{digest}"


def instance_prefix(document_id: str, user_id: str) -> str:
    """``doc-{documentId}-{userId}-``: the beginning of the ids of all runs of a document, for queries.

    Runs of other documents may begin with it too, since the parts may hold hyphens: it is a filter, not a proof.
    """
    return f"doc-{_instance_part(document_id)}-{_instance_part(user_id)}-"


def new_instance_id(document_id: str, user_id: str, accepted_at: datetime) -> str:
    """The id of a new run: its prefix, the time in milliseconds, and 12 random hex digits.

    The random digits make the id unique, whatever the parts hold and however many runs start at once.
    """
    milliseconds = int(accepted_at.timestamp() * 1000)
    return f"{instance_prefix(document_id, user_id)}{milliseconds:013d}-{secrets.token_hex(6)}"


def _instance_part(value: str) -> str:
    return safe_part(value, _INSTANCE_PART_LENGTH)


def default_document_id(user_id: str, content: str) -> str:
    """The id for a document that was sent without one: from the SHA-256 of the user id with ``content``.

    ``content`` is the content's own SHA-256 in hex (upload) or the blob's URL without its query.
    """
    return hashlib.sha256(f"{user_id}\n{content}".encode()).hexdigest()[:32]


def notification_id(instance: str, event_type: str) -> str:
    """The id of the one notification of this type in this run, by which receivers recognise a repetition.

    It has no ``.``, which separates the parts of the signed text.
    """
    return "msg_" + hashlib.sha256(f"{instance}\n{event_type}".encode()).hexdigest()[:32]


def counter_shard(document_id: str, shards: int) -> str:
    """The key of the ``document_counter`` entity for this document, ``"0"`` to ``str(shards - 1)``."""
    digest = hashlib.sha256(document_id.encode()).digest()
    return str(int.from_bytes(digest[:4], "big") % shards)
