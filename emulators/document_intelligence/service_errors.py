"""The service's errors: one form for refused requests and for failed operations."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """An error that the service answers: `{"error": {code, message, innererror: {code, message}}}`.

    Attributes:
        status: the HTTP status of a refused request. A failed operation answers 200.
    """

    def __init__(self, status: int, code: str, message: str, inner: tuple[str, str] | None = None) -> None:
        """`inner` is the code and the message of the inner error."""
        super().__init__(f"{code}: {message}")
        self.status = status
        self._code, self._message, self._inner = code, message, inner

    def to_json(self) -> dict[str, Any]:
        """Return the `error` object."""
        error: dict[str, Any] = {"code": self._code, "message": self._message}
        if self._inner is not None:
            error["innererror"] = {"code": self._inner[0], "message": self._inner[1]}
        return error


CORRUPT = (
    "The file is corrupted or format is unsupported. Refer to documentation for the list of supported formats."
)
LOCKED = "The file is locked with a password. Remove the password protection and submit it again."
UNSUPPORTED = "Content is not supported: it is none of PDF, JPEG, PNG, BMP and TIFF."
DIMENSIONS = (
    "The input image dimensions are out of range: 50 x 50 to 10000 x 10000 pixels. "
    "Refer to documentation for supported image dimensions."
)
TOO_MANY_PAGES = "The document has more than 2000 pages. Select up to 2000 of them with 'pages'."
TOO_COMPLEX = (
    "The document is too complex: reading it takes more memory or time than one document may take. "
    "Split it, or print it to a new and simpler file, and submit that."
)


def invalid_request(inner_code: str, message: str) -> ServiceError:
    """The document cannot be analyzed, or cannot be fetched."""
    return ServiceError(400, "InvalidRequest", "Invalid request.", (inner_code, message))


def too_complex() -> ServiceError:
    """The document exceeds the limits of a worker, and would do so again."""
    return invalid_request("InvalidContentComplexity", TOO_COMPLEX)


def invalid_argument(message: str) -> ServiceError:
    """A query parameter or a member of the body is wrong."""
    return ServiceError(400, "InvalidArgument", "Invalid argument.", ("InvalidParameter", message))


def unauthorized() -> ServiceError:
    """The key is missing or wrong."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
        "for an active subscription and use a correct regional API endpoint for your resource."
    )
    return ServiceError(401, "401", message)


def forbidden(message: str) -> ServiceError:
    """The document's URL is on a host which the service does not fetch from."""
    inner = ("OutboundAccessForbidden", message)
    return ServiceError(403, "Forbidden", "Access forbidden due to policy or other configuration.", inner)


def model_not_found() -> ServiceError:
    """The model id is neither a known prebuilt model nor a custom one."""
    inner = ("ModelNotFound", "The requested model was not found.")
    return ServiceError(404, "NotFound", "Resource not found.", inner)


def operation_not_found() -> ServiceError:
    """The operation is unknown, or its results have expired."""
    inner = ("OperationNotFound", "The requested operation was not found. Its results may have expired.")
    return ServiceError(404, "NotFound", "Resource not found.", inner)


def unsupported_media_type() -> ServiceError:
    """The Content-Type is none that the service takes."""
    message = "The request's Content-Type is not supported. Use application/octet-stream or application/json."
    return ServiceError(415, "UnsupportedMediaType", message)


def internal_error() -> ServiceError:
    """The analysis of the document failed. Another try may succeed."""
    return ServiceError(500, "InternalServerError", "An unexpected error occurred.")


def service_unavailable() -> ServiceError:
    """The emulator cannot write its files, most likely because the disk is full. The document may be good."""
    message = "The service cannot store anything at present. See the log of the emulators for the reason."
    return ServiceError(503, "ServiceUnavailable", message)
