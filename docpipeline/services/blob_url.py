"""Reading a ``blobUrl`` sent by a client: refused unless it names a blob on an allowed host."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from docpipeline.errors import InvalidBlobUrl

_CONTAINER = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_NETLOC = re.compile(rf"{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?")
_BAD_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ud800-\udfff]")
_FORM = "https://<account>.blob.core.windows.net/<container>/<blob>"
_LONGEST_URL = 4096
_LONGEST_BLOB_NAME = 1024
_RUNTIME_PREFIX = "azure-webjobs-"
"""The beginning of the names of the Functions runtime's own containers."""


@dataclass(frozen=True)
class BlobLocation:
    """The place of a blob. ``url`` has no query; ``has_sas`` says whether there was one."""

    url: str
    container: str
    blob: str
    """The blob's name, percent-decoded."""
    is_own: bool
    """Whether it is in the pipeline's own storage account."""
    has_sas: bool


def parse_blob_url(url: str, allowed_hosts: Collection[str], own_endpoint: str) -> BlobLocation:
    """Read a URL that a client sent.

    Args:
        url: the URL, with or without a SAS.
        allowed_hosts: lower-case hosts, with the port where it is not 443.
        own_endpoint: base URL of the own account's blobs. Only below it may a URL use plain http or a port that
            is not listed, or have the account in its path (Azurite).

    Raises:
        InvalidBlobUrl: says what is wrong and what is allowed, without the URL.
    """
    if len(url) > _LONGEST_URL or _BAD_CHARACTERS.search(url):
        raise InvalidBlobUrl("blobUrl must have at most 4096 characters, and no blanks, \\ or control characters")
    parts = _split(url)
    own = urlsplit(own_endpoint)
    on_own_host = parts.scheme == own.scheme and _same_netloc(parts, own)
    _check_host(parts, on_own_host, allowed_hosts)
    is_own = on_own_host and parts.path.startswith(own.path.rstrip("/") + "/")
    if on_own_host and not is_own:
        raise InvalidBlobUrl("blobUrl names another account of the storage emulator than the configured one")
    container, blob = _names(parts.path.removeprefix(own.path.rstrip("/")) if is_own else parts.path)
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return BlobLocation(bare, container, blob, is_own, bool(parts.query))


def refuse_kept_container(location: BlobLocation, kept: Collection[str]) -> None:
    """Refuse a blob in a container of the own account that is not for clients.

    A URL without a SAS is read with the app's own credentials, which can read the whole account.

    Args:
        location: the place of the blob.
        kept: containers whose content clients get only through the API.

    Raises:
        InvalidBlobUrl: says which container was named and what is allowed.
    """
    if location.is_own and (location.container in kept or location.container.startswith(_RUNTIME_PREFIX)):
        raise InvalidBlobUrl(
            f"blobUrl must not name a blob in container '{location.container}', which only the app reads; put the"
            " document in container 'incoming' or in one of your own"
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidBlobUrl(f"blobUrl is no URL; its form is {_FORM}") from None
    parts = parts._replace(netloc=parts.netloc.lower())
    if parts.scheme not in ("https", "http"):
        raise InvalidBlobUrl("blobUrl must begin with https://")
    if not _NETLOC.fullmatch(parts.netloc):
        raise InvalidBlobUrl("blobUrl must name a plain host, without user name, escapes or a trailing dot")
    # urlsplit drops an empty fragment, so the text itself is checked.
    if "#" in url:
        raise InvalidBlobUrl("blobUrl must have no #fragment; write # in a blob's name as %23")
    return parts


def _check_host(parts: SplitResult, on_own_host: bool, allowed_hosts: Collection[str]) -> None:
    listed = _without_default_port(parts) in allowed_hosts
    if parts.scheme == "http" and not on_own_host:
        raise InvalidBlobUrl("blobUrl must begin with https://")
    if not listed:
        raise InvalidBlobUrl(
            f"blobUrl must lie on one of the allowed hosts: {', '.join(sorted(allowed_hosts))}"
            " (operators add hosts with ALLOWED_BLOB_HOSTS)"
        )


def _without_default_port(parts: SplitResult) -> str:
    return parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80")


def _same_netloc(one: SplitResult, other: SplitResult) -> bool:
    return _without_default_port(one) == _without_default_port(other._replace(netloc=other.netloc.lower()))


def _names(path: str) -> tuple[str, str]:
    container, _, escaped = path.removeprefix("/").partition("/")
    blob = unquote(escaped)
    if not _CONTAINER.fullmatch(container):
        raise InvalidBlobUrl(
            "blobUrl must name a container (3 to 63 lower-case letters, digits and single hyphens; no $...) and a"
            f" blob: {_FORM}"
        )
    segments = blob.split("/")
    if not blob or len(blob) > _LONGEST_BLOB_NAME or "." in segments or ".." in segments or _has_controls(blob):
        raise InvalidBlobUrl("blobUrl must name a blob of 1 to 1024 characters, without . or .. as a folder")
    return container, blob


def _has_controls(blob: str) -> bool:
    # Unlike the URL, the name may hold blanks; bytes that are not UTF-8 are refused.
    return "\ufffd" in blob or bool(_BAD_CHARACTERS.search(blob.replace(" ", "_")))
