"""Function, master and system keys for ``--enable-auth``, made once and kept in the state folder."""

import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from devhost.functions.errors import HostConfigError
from devhost.protection.private_files import private_file, write_private

ANONYMOUS, FUNCTION, ADMIN = "anonymous", "function", "admin"


@dataclass(frozen=True)
class AccessKeys:
    """The keys of one host.

    Attributes:
        master: Opens everything.
        function: Opens every function of level ``function`` (a host key).
        durable: Opens the durable webhooks (the extension's system key).
    """

    master: str
    function: str
    durable: str

    @classmethod
    def load_or_create(cls, path: Path) -> "AccessKeys":
        """Read the keys, or create them; only the owner can read the file. Raises HostConfigError."""
        try:
            keys = cls(**json.loads(path.read_text(encoding="utf-8")))
            private_file(path)
            return keys
        except FileNotFoundError:
            keys = cls(*(secrets.token_urlsafe(32) for _ in range(3)))
        except (ValueError, TypeError) as error:
            raise HostConfigError(
                f"{path} does not hold this host's keys. Delete it, and new ones are made."
            ) from error
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps(asdict(keys), indent=2))
        return keys


class AccessRules:
    """Decides which requests may pass.

    Args:
        keys: The host's keys; None lets everything pass, as a local host does by default.
    """

    def __init__(self, keys: AccessKeys | None = None) -> None:
        self._keys = keys

    def allows_function(self, level: str, given: str | None) -> bool:
        """Whether a request with this key may call a function of this level."""
        if self._keys is None or level == ANONYMOUS:
            return True
        accepted = (self._keys.master,) if level == ADMIN else (self._keys.master, self._keys.function)
        return _is_one_of(given, accepted)

    def allows_durable(self, given: str | None) -> bool:
        """Whether a request with this key may use the durable webhooks."""
        return self._keys is None or _is_one_of(given, (self._keys.master, self._keys.durable))


def is_same(given: str, secret: str) -> bool:
    """Compare in constant time, so that timing reveals nothing about the secret. Any text is accepted."""
    # Header bytes that are not UTF-8 arrive as lone surrogates.
    return hmac.compare_digest(given.encode(errors="surrogatepass"), secret.encode())


def _is_one_of(given: str | None, accepted: tuple[str, ...]) -> bool:
    matches = [is_same(given or "", key) for key in accepted]
    return given is not None and any(matches)
