"""What an error of Document Intelligence means: a fault of the document, of our request, or a passing one.

The SDK raises HttpResponseError with status 200 for a failed analysis, and with status 404 for a result that is
gone. So the error code in the body decides, and the status only when there is none.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docpipeline.errors import (
    DocumentFailed,
    NothingSubmitted,
    OperationLost,
    PipelineError,
    ServiceRefused,
    ServiceUnavailable,
)
from docpipeline.services.service_responses import refused_or_unavailable

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

SERVICE = "Document Intelligence"
_REMEDY = "check DOCUMENT_INTELLIGENCE_ENDPOINT and DOCUMENT_INTELLIGENCE_KEY, or the roles of the app's identity"
_DOCUMENT_FAULTS = {
    "InvalidContent": ("corrupt", "the file is damaged, or is not what its type says"),
    "UnsupportedContent": ("unsupported", "files of this kind cannot be read"),
    "UnsupportedMediaType": ("unsupported", "files of this kind cannot be read"),
    "InvalidContentLength": ("tooLarge", "the file is larger than the extraction service accepts"),
    "InvalidContentComplexity": (
        "tooComplex",
        "the file takes more memory or time to read than one document may; split it, or print it to a new file",
    ),
    "InvalidContentDimensions": ("imageSize", "the image has too many pixels, or too few, to be read"),
}
_STATUS_FAULTS = {413: _DOCUMENT_FAULTS["InvalidContentLength"], 415: _DOCUMENT_FAULTS["UnsupportedMediaType"]}
_ENCRYPTED = ("encrypted", "the file asks for a password; send it without one")
_ENCRYPTION_WORDS = ("password", "encrypt", "locked")
_PAGE_WORDS = (" pages", "page count", "number of page")
_TOO_MANY_PAGES = (
    "tooManyPages",
    "the document has more pages than the extraction service reads (2,000 in its standard tier); split it",
)
# Faults of our request; the document may be valid.
_OUR_FAULTS = {"InvalidParameter", "InvalidArgument", "InvalidRequest", "InvalidSasToken"}
# Codes that would come again if the document were submitted again.
_REFUSALS = _OUR_FAULTS | {"Unauthorized", "Forbidden", "NotFound", "ModelNotFound"}
# Answers of a gateway, which does not know whether the service behind it accepted the document.
_UNCLEAR = {502, 504}


def fault_of(error: "AzureError") -> PipelineError:
    """The fault for an error of the SDK."""
    from aiohttp import ClientConnectorError, ConnectionTimeoutError
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    if isinstance(error, ClientAuthenticationError):
        return ServiceRefused(SERVICE, f"access was refused; {_REMEDY}")
    if not isinstance(error, HttpResponseError) or error.response is None:
        # When a connection breaks later, the document may have arrived.
        is_unsent = isinstance(error.inner_exception, ClientConnectorError | ConnectionTimeoutError)
        fault = NothingSubmitted if is_unsent else ServiceUnavailable
        return fault(SERVICE, f"it did not answer ({type(error).__name__})")
    response: Any = error.response
    if response.status_code < 400:
        return ServiceUnavailable(SERVICE, f"its answer could not be understood ({type(error).__name__})")
    # The SDK has already read the body of an error.
    return fault_of_answer(response.status_code, response.headers, _body_of(response))


def fault_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, *, is_poll: bool = False
) -> PipelineError:
    """The fault for an answer with an error status."""
    if status == 404 and is_poll:
        return OperationLost(SERVICE, "the analysis is gone (404)")
    if status == 404:
        return ServiceRefused(SERVICE, "it knows no such model (404); check DOCUMENT_INTELLIGENCE_MODEL")
    document_fault = _document_fault(_error_in(body)) if status in (400, 413, 415) else None
    if document_fault is not None:
        return document_fault
    if status in _STATUS_FAULTS:
        return DocumentFailed(*_STATUS_FAULTS[status])
    fault = refused_or_unavailable(SERVICE, status, headers, _REMEDY)
    if isinstance(fault, ServiceUnavailable) and not is_poll and status not in _UNCLEAR:
        return NothingSubmitted(SERVICE, fault.reason)
    return fault


def fault_of_failed_operation(error: Any) -> PipelineError:
    """The fault for the ``error`` of an operation with status ``failed``."""
    fault = _document_fault(error)
    if fault is not None:
        return fault
    codes = _codes(error)
    if _REFUSALS.isdisjoint(codes):
        return OperationLost(SERVICE, f"the analysis failed ({codes[-1]})")
    return ServiceRefused(SERVICE, f"it refused the analysis ({codes[-1]}); check DOCUMENT_INTELLIGENCE_MODEL")


def _document_fault(error: Any) -> DocumentFailed | None:
    """The document's fault, if it has one. The service's own message is not repeated."""
    codes = [code for code in _codes(error) if code not in _OUR_FAULTS]
    for code in reversed(codes):
        if code in ("InvalidContent", "UnsupportedContent") and _mentions(error, _ENCRYPTION_WORDS):
            return DocumentFailed(*_ENCRYPTED)
        if code == "InvalidContentLength" and _mentions(error, _PAGE_WORDS):
            # The service uses one code for too many bytes and for too many pages.
            return DocumentFailed(*_TOO_MANY_PAGES)
        if code in _DOCUMENT_FAULTS:
            return DocumentFailed(*_DOCUMENT_FAULTS[code])
        if code.startswith(("Invalid", "Unsupported")):
            return DocumentFailed("unreadable", f"the extraction service cannot read the file ({code})")
    return None


def _codes(error: Any) -> list[str]:
    """The error's codes from the outermost to the innermost: at least one, and alphanumeric."""
    codes: list[str] = []
    while isinstance(error, dict) and len(codes) < 5:
        code = error.get("code")
        codes.append(code[:60] if isinstance(code, str) and code.isalnum() else "unknown")
        error = error.get("innererror")
    return codes or ["unknown"]


def _mentions(error: Any, words: tuple[str, ...]) -> bool:
    text = json.dumps(error).lower()
    return any(word in text for word in words)


def _error_in(body: bytes) -> Any:
    try:
        return json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return None


def _body_of(response: Any) -> bytes:
    try:
        body: bytes = response.body() if callable(getattr(response, "body", None)) else response.content
    except Exception:
        return b""
    return body
