"""Azure's management API and azd's environment, as far as the hooks need them."""

import json
import subprocess
import urllib.error
import urllib.request
from typing import Any, Protocol
from urllib.parse import urlsplit

from infra.hooks.errors import HookError

_MANAGEMENT = "https://management.azure.com"
_SECONDS = 60.0


class Azure(Protocol):
    """What a hook asks of Azure and azd."""

    def call(self, method: str, path: str) -> dict[str, Any]:
        """The JSON that the management API answers, empty where it answers nothing. Raises HookError."""

    def remember(self, name: str, value: str) -> None:
        """Keep a value in azd's environment. Raises HookError."""


class AzdSession:
    """The Azure that azd is signed in to.

    Args:
        management: base URL of the management API; another for tests and for other clouds.
    """

    def __init__(self, management: str = _MANAGEMENT) -> None:
        self._management = management
        self._token: str | None = None

    def call(self, method: str, path: str) -> dict[str, Any]:
        """The JSON that the management API answers, empty where it answers nothing. Raises HookError."""
        request = urllib.request.Request(
            f"{self._management}{path}",
            method=method,
            data=b"" if method == "POST" else None,
            headers={"Authorization": f"Bearer {self._access_token()}", "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise HookError(
                    f"{method} {_place(path)} answered {error.code}: {_reason(error.read())}"
                ) from None
        except OSError as error:
            raise HookError(f"{self._management} cannot be reached ({error}). Is there a proxy to set?") from error
        return dict(json.loads(body)) if body.strip() else {}

    def remember(self, name: str, value: str) -> None:
        """Keep a value in azd's environment. Raises HookError."""
        _azd("env", "set", name, value)

    def _access_token(self) -> str:
        if self._token is None:
            said = _azd("auth", "token", "--scope", f"{_MANAGEMENT}//.default", "--output", "json")
            self._token = str(json.loads(said)["token"])
        return self._token


def _azd(*arguments: str) -> str:
    try:
        done = subprocess.run(["azd", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise HookError("azd is not on the PATH. The hooks are run by azd: see docs/deploy.md.") from None
    if done.returncode:
        # Never what it printed to standard output: that may be a token.
        raise HookError(f"azd {arguments[0]} {arguments[1]} failed: {done.stderr.strip()} Try: azd auth login")
    return done.stdout


def _place(path: str) -> str:
    return urlsplit(path).path


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason was given"
