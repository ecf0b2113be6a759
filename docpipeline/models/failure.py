"""Why a document failed, in a form that may be shown: no stack trace, no text of the document, no secret."""

import re
from typing import Annotated

from docpipeline.errors import DocumentFailed
from docpipeline.models.outside_text import AtMost
from docpipeline.models.payload import Payload

_ACTIVITY_FAILURE = re.compile(r"^(?:Activity function '[^']*' failed:\s+)?(?:\w+: )?")


DOCUMENT_FAULTS = frozenset(
    {
        "corrupt",
        "encrypted",
        "imageSize",
        "noText",
        "tooComplex",
        "tooLarge",
        "tooManyPages",
        "unreadable",
        "unsupported",
    }
)
"""Codes of faults in the document itself: its submitter can correct them, and no operator needs to act."""


class Failure(Payload):
    """``code`` is for machines, ``message`` a sentence for people."""

    code: Annotated[str, AtMost(60)]
    message: Annotated[str, AtMost(300)]

    @classmethod
    def of(cls, error: Exception, code: str) -> "Failure":
        r"""The failure that ``error`` stands for. An activity's exception is text: reason, " \n ", details.

        Only the reason is kept; the details hold the remote stack trace.
        """
        if isinstance(error, DocumentFailed):
            return cls(code=error.code, message=error.reason)
        reason = str(error).partition(" \n ")[0].partition("\n")[0]
        message = _ACTIVITY_FAILURE.sub("", reason, count=1).strip()
        return cls(code=code, message=message or "no reason was given")

    def to_error(self) -> DocumentFailed:
        """The exception that ends a document's run with this failure."""
        return DocumentFailed(self.code, self.message)
