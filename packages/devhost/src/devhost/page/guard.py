"""Who may see the page, and which forms are its own.

``devhost.protection.request_guard`` has already refused requests from pages of other sites. A form must also carry
a token. That refuses forms from an earlier run of the host, and from pages whose browser sends no origin.
"""

import hmac
import secrets

from aiohttp import web

from devhost.functions.access_keys import ADMIN, AccessKeys, AccessRules, is_same

COOKIE = "devhost_page"


class PageGuard:
    """Decides about requests to the page.

    Args:
        keys: The host's keys, or None if it needs none.

    Attributes:
        token: What the page's own forms carry; new with each start of the host.
    """

    def __init__(self, keys: AccessKeys | None) -> None:
        self._rules = AccessRules(keys)
        # Derived from the key, so that it stays valid after a restart, until the keys change.
        self._session = hmac.new(keys.master.encode(), COOKIE.encode(), "sha256").hexdigest() if keys else None
        self.token = secrets.token_urlsafe(24)

    def may_look(self, request: web.Request) -> bool:
        """Whether the request may pass: it is signed in, has the master key, or the host has no keys."""
        given = request.headers.get("x-functions-key") or request.query.get("code")
        cookie = request.cookies.get(COOKIE, "")
        is_signed_in = self._session is not None and is_same(cookie, self._session)
        return is_signed_in or self._rules.allows_function(ADMIN, given)

    def is_own_form(self, token: str) -> bool:
        """Whether a form was sent from a page of this run of the host."""
        return is_same(token, self.token)

    def session_for(self, key: str) -> str | None:
        """The value of the cookie for the master key; None for a wrong key, or if the host has no keys."""
        return self._session if self._rules.allows_function(ADMIN, key.strip()) else None
