"""Checks an analyze request and writes its document to disk in pieces: no whole document is in memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

import aiohttp
from aiohttp import web
from yarl import URL

from emulators.document_intelligence import service_errors
from emulators.document_intelligence.page_ranges import check_page_ranges
from emulators.errors import BadRequest
from emulators.json_bodies import read_json_object

API_VERSIONS = ("2023-07-31", "2022-08-31")
# fmt: off
PREBUILT_MODELS = frozenset({
    "prebuilt-read", "prebuilt-layout", "prebuilt-document", "prebuilt-invoice", "prebuilt-receipt",
    "prebuilt-idDocument", "prebuilt-businessCard", "prebuilt-contract", "prebuilt-healthInsuranceCard.us",
    "prebuilt-tax.us.w2", "prebuilt-tax.us.1098", "prebuilt-tax.us.1098E", "prebuilt-tax.us.1098T",
})
# fmt: on
FEATURES = frozenset({"ocrHighResolution", "languages", "barcodes", "formulas", "keyValuePairs", "styleFont"})
RAW_TYPES = frozenset(
    {"application/octet-stream", "application/pdf", "image/jpeg", "image/png", "image/tiff", "image/bmp"}
)
TOO_LARGE = "The input image is too large. Refer to documentation for the maximum file size."
SOURCE_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)
PIECE_BYTES = 256 * 1024
_CUSTOM_MODEL = re.compile(r"custom-[A-Za-z0-9._~-]{1,57}")


def check_key(request: web.Request) -> None:
    """Accept any key or bearer token except `wrong-key`.

    Raises:
        ServiceError: 401.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    key = request.headers.get("Ocp-Apim-Subscription-Key") or (token if scheme.lower() == "bearer" else "")
    if not key.strip() or key.strip() == "wrong-key":
        raise service_errors.unauthorized()


def check_parameters(request: web.Request) -> dict[str, str]:
    """Return `model_id`, `api_version`, `pages` and `features` of an analyze request.

    Raises:
        ServiceError: the service does not accept one of them.
    """
    model_id, query = request.match_info["model_id"], request.query
    if model_id not in PREBUILT_MODELS and not _CUSTOM_MODEL.fullmatch(model_id):
        raise service_errors.model_not_found()
    if query.get("api-version") not in API_VERSIONS:
        raise service_errors.invalid_argument(
            f"The parameter api-version must be one of {', '.join(API_VERSIONS)}."
        )
    if query.get("stringIndexType", "unicodeCodePoint") != "unicodeCodePoint":
        raise service_errors.invalid_argument("This emulator knows the stringIndexType unicodeCodePoint only.")
    features = [feature for feature in query.get("features", "").split(",") if feature]
    if not FEATURES.issuperset(features):
        raise service_errors.invalid_argument(f"The parameter features must be of {', '.join(sorted(FEATURES))}.")
    check_page_ranges(query.get("pages", ""))
    return {
        "model_id": model_id,
        "api_version": query["api-version"],
        "pages": query.get("pages", ""),
        "features": ",".join(features),
    }


class DocumentFile:
    """Writes a document's pieces to a file, which is deleted if the block ends with an error."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Write to `path`, at most `most_bytes`."""
        self._path, self._most_bytes = path, most_bytes
        self._digest, self._size = hashlib.sha256(), 0

    def __enter__(self) -> DocumentFile:
        """Open the file."""
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Close the file, and delete it after an error."""
        is_complete = False
        try:
            self._file.close()  # Writes what is buffered. The disk may be full.
            is_complete = kind is None
        finally:
            if not is_complete:
                self._path.unlink(missing_ok=True)

    async def receive(self, pieces: AsyncIterator[bytes]) -> str:
        """Write all pieces and return the SHA-256 of the whole, in hex.

        Raises:
            ServiceError: the document is empty or too large.
        """
        async for piece in pieces:
            self._size += len(piece)
            if self._size > self._most_bytes:
                raise service_errors.invalid_request("InvalidContentLength", TOO_LARGE)
            self._digest.update(piece)
            self._file.write(piece)
        if not self._size:
            raise service_errors.invalid_request("InvalidContent", service_errors.CORRUPT)
        return self._digest.hexdigest()


async def receive_document(request: web.Request, path: Path, most_bytes: int, source_hosts: frozenset[str]) -> str:
    """Write the request's document, from its body or from `urlSource`, to `path`. Returns its SHA-256 in hex.

    Raises:
        ServiceError: the document cannot be fetched, or is too large. Then there is no file.
    """
    with DocumentFile(path, most_bytes) as file:
        if request.content_type in RAW_TYPES:
            if (request.content_length or 0) > most_bytes:
                raise service_errors.invalid_request("InvalidContentLength", TOO_LARGE)
            return await file.receive(request.content.iter_chunked(PIECE_BYTES))
        if request.content_type == "application/json":
            return await _fetch(await _source_url(request, source_hosts), file)
        raise service_errors.unsupported_media_type()


async def _source_url(request: web.Request, source_hosts: frozenset[str]) -> URL:
    try:
        url = URL(str((await read_json_object(request))["urlSource"]))
    except (BadRequest, KeyError, ValueError) as error:
        raise service_errors.invalid_argument('The body must be {"urlSource": "<url>"}.') from error
    if url.scheme not in ("http", "https") or url.host not in source_hosts or url.user is not None:
        raise service_errors.forbidden("The host of urlSource is not on the list of EMULATOR_SOURCE_HOSTS.")
    return url


async def _fetch(url: URL, file: DocumentFile) -> str:
    # Redirects are not followed: they could lead to a host that is not on the list.
    try:
        async with (
            aiohttp.ClientSession(timeout=SOURCE_TIMEOUT) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise _not_accessible()
            return await file.receive(answer.content.iter_chunked(PIECE_BYTES))
    except TimeoutError as error:
        message = "Timeout while receiving the file from client."
        raise service_errors.invalid_request("ContentSourceTimeout", message) from error
    except aiohttp.ClientError as error:
        raise _not_accessible() from error


def _not_accessible() -> service_errors.ServiceError:
    return service_errors.invalid_request("ContentSourceNotAccessible", "Content is not accessible.")
