"""Who may see the page, and which forms are its own.

Requests of other sites' pages do not come so far (``devhost.protection.request_guard``). A form must carry a token
besides, so that one from an earlier run of the host does nothing, nor one from a page whose browser tells nothing.
"""

import hashlib
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
        self._keys, self._rules = keys, AccessRules(keys)
        self.token = secrets.token_urlsafe(24)

    def may_look(self, request: web.Request) -> bool:
        """Whether the request may pass: it is signed in, has the master key, or none is asked for."""
        given = request.headers.get("x-functions-key") or request.query.get("code")
        return self._rules.allows_function(ADMIN, given) or self._has_session(request)

    def is_own_form(self, token: str) -> bool:
        """Whether a form was sent from a page of this run of the host."""
        return is_same(token, self.token)

    def session_for(self, key: str) -> str | None:
        """The cookie's value for whoever gives the master key; None for a wrong key."""
        if self._keys is None or not self._rules.allows_function(ADMIN, key.strip()):
            return None
        return self._session(self._keys)

    def _has_session(self, request: web.Request) -> bool:
        given = request.cookies.get(COOKIE, "")
        return self._keys is not None and is_same(given, self._session(self._keys))

    def _session(self, keys: AccessKeys) -> str:
        # Derived from the key, so that it outlives a restart of the host, and ends when the keys are made anew.
        return hmac.new(keys.master.encode(), COOKIE.encode(), hashlib.sha256).hexdigest()
