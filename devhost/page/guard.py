"""Who may see the page, and which forms are its own.

The host listens on 127.0.0.1 only, but any web site that its user visits can send requests there. So a request
must name a loopback host, which a site that points its own name at 127.0.0.1 cannot; and a form must carry a token
which other sites cannot read, and must not come from one of them as far as the browser tells.
"""

import hashlib
import hmac
import secrets

from aiohttp import web

from devhost.functions_host.access_keys import ADMIN, AccessKeys, AccessRules
from devhost.functions_host.http_messages import origin_of

COOKIE = "devhost_page"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


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

    def is_local(self, request: web.Request) -> bool:
        """Whether the request was sent to this machine by one of its own names."""
        name, _, port = request.host.lower().rpartition(":")
        return (name if port.isdecimal() and name else request.host.lower()) in _LOOPBACK

    def may_look(self, request: web.Request) -> bool:
        """Whether the request may pass: it is signed in, has the master key, or none is asked for."""
        given = request.headers.get("x-functions-key") or request.query.get("code")
        return self._rules.allows_function(ADMIN, given) or self._has_session(request)

    def is_own_form(self, request: web.Request, token: str) -> bool:
        """Whether a form was sent from a page of this run of the host."""
        return self.is_same_site(request) and hmac.compare_digest(token.encode(), self.token.encode())

    def is_same_site(self, request: web.Request) -> bool:
        """Whether nothing says that another site sent the request."""
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "none")
        return origin in (None, origin_of(request)) and site in ("none", "same-origin")

    def session_for(self, key: str) -> str | None:
        """The cookie's value for whoever gives the master key; None for a wrong key."""
        if self._keys is None or not self._rules.allows_function(ADMIN, key.strip()):
            return None
        return self._session(self._keys)

    def _has_session(self, request: web.Request) -> bool:
        given = request.cookies.get(COOKIE, "")
        return self._keys is not None and hmac.compare_digest(given.encode(), self._session(self._keys).encode())

    def _session(self, keys: AccessKeys) -> str:
        # Derived from the key, so that it outlives a restart of the host, and ends when the keys are made anew.
        return hmac.new(keys.master.encode(), COOKIE.encode(), hashlib.sha256).hexdigest()
