"""The requirements for every change: a session, its CSRF token, and a request from the console's own origin."""

from __future__ import annotations

import hmac
import logging
from urllib.parse import urlsplit

from flask import abort, request
from flask import session as cookie

from console.access.sessions import Session, Sessions

IDENTITY = "sid"
HEADER = "X-CSRF-Token"

log = logging.getLogger(__name__)


class Guard:
    """Checks each request that changes state."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def session(self) -> Session | None:
        """Return the session of the signed-in user, or ``None``."""
        return self._sessions.get(cookie.get(IDENTITY))

    def required(self) -> Session:
        """Return the session, or respond with 401 (not signed in) or 403 (wrong token or origin)."""
        same_origin()
        session = self.session()
        if session is None:
            abort(401, "Sign in as the shop's administrator first.")
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), session.csrf.encode()):
            abort(403, f"The header {HEADER} is missing or outdated; reload the page.")
        return session

    def record(self, event: str, **fields: object) -> None:
        """Log a change and the user who made it."""
        session = self.session()
        by = session.email if session else "anonymous"
        log.info("changed in the console: %s", event, extra={"event": f"console.{event}", "by": by, **fields})


def same_origin() -> None:
    """Respond with 403 to requests from another site, which browsers report in ``Origin`` and ``Sec-Fetch-Site``."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403, "The request came from a page of another site.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "The request came from a page of another site.")
