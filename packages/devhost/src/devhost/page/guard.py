"""Who may see the page, and which forms are its own.

Requests of other sites' pages do not come so far (``devhost.protection.request_guard``). A form must carry a token
besides, so that one from an earlier run of the host does nothing, nor one from a page whose browser tells nothing.
"""

import hmac
import secrets

from aiohttp import web

from devhost.functions.access_keys import ADMIN, AccessKeys, AccessRules, is_same

COOKIE = "devhost_page"


class PageGuard:
    """Decides about requests to the page.

    Args:
        keys: The host's keys when it asks for them, else None.

    Attributes:
        token: What the page's own forms carry; new with each start of the host.
    """

    def __init__(self, keys: AccessKeys | None) -> None:
        self._rules = AccessRules(keys)
        # Derived from the key, so that it outlives a restart of the host, and ends when the keys are made anew.
        self._session = hmac.new(keys.master.encode(), COOKIE.encode(), "sha256").hexdigest() if keys else None
        self.token = secrets.token_urlsafe(24)

    def may_look(self, request: web.Request) -> bool:
        """Whether the request may pass: it is signed in, has the master key, or none is asked for."""
        given = request.headers.get("x-functions-key") or request.query.get("code")
        cookie = request.cookies.get(COOKIE, "")
        is_signed_in = self._session is not None and is_same(cookie, self._session)
        return is_signed_in or self._rules.allows_function(ADMIN, given)

    def is_own_form(self, token: str) -> bool:
        """Whether a form was sent from a page of this run of the host."""
        return is_same(token, self.token)

    def session_for(self, key: str) -> str | None:
        """What the cookie of whoever gives the master key holds; None for a wrong key, or if none is asked for."""
        return self._session if self._rules.allows_function(ADMIN, key.strip()) else None
