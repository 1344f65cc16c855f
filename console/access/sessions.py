"""Sessions, stored on the server: the browser gets a signed session number, but never the shop's tokens."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from console.servers.errors import ServerError
from console.servers.http import JsonServer, Reply
from glasshouse_observability.single_flight import SingleFlight

LIFETIME_SECONDS = 8 * 3600
MOST = 100
_LOGIN, _REFRESH, _ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/me"

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class SignInRefused(Exception):
    """The credentials are wrong, or the account is not an administrator's; ``status`` is the response's status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass
class Session:
    """The session of one browser."""

    email: str
    access: str
    refresh: str
    began: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))


class Sessions:
    """Signs users in at the shop and sends their requests. At most ``MOST`` sessions, each valid for eight hours."""

    def __init__(self, shop: JsonServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._shop, self._clock = shop, clock
        self._known: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._renewals: SingleFlight[bool] = SingleFlight()

    def sign_in(self, email: str, password: str) -> str:
        """Return the number of a new session. Raises ``SignInRefused``, or ``ServerError`` if the shop is down."""
        reply = self._shop.ask(_LOGIN, method="POST", body={"email": email, "password": password})
        if reply.status == 429:
            raise SignInRefused(429, "Too many attempts; wait a minute.")
        if reply.status in (400, 401, 422):
            raise SignInRefused(401, "The shop does not accept this e-mail and password.")
        if reply.status != 200:
            raise self._shop.bad(_LOGIN, reply)
        access, refresh = self._shop.parsed(_LOGIN, reply, _tokens)
        who = self._shop.ask(_ME, headers=_bearer(access))
        if who.status != 200 or self._shop.parsed(_ME, who, lambda content: content["role"]) != "admin":
            raise SignInRefused(403, "This account is not an administrator of the shop.")
        identity = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            self._known[identity] = Session(email, access, refresh, self._clock())
        return identity

    def get(self, identity: object) -> Session | None:
        """Return the session, or None if it does not exist or has expired."""
        with self._lock:
            found = self._known.get(identity) if isinstance(identity, str) else None
            return found if found and self._clock() - found.began < LIFETIME_SECONDS else None

    def end(self, identity: object) -> None:
        """Sign out, here and at the shop; if the shop is down, its tokens remain valid until they expire."""
        with self._lock:
            session = self._known.pop(identity, None) if isinstance(identity, str) else None
        if session:
            try:
                self._shop.ask("/api/v1/auth/logout", method="POST", headers=_bearer(session.access))
            except ServerError as error:
                log.warning("signed out here, but not at the shop: %s", error)

    def ask(self, session: Session, path: str, *, method: str = "GET", body: Any = None) -> Reply:
        """Send a request to the shop as the signed-in user; an expired access token is renewed once."""
        reply = self._shop.ask(path, method=method, body=body, headers=_bearer(session.access))
        if reply.status == 401 and self._renew(session, session.access):
            reply = self._shop.ask(path, method=method, body=body, headers=_bearer(session.access))
        return reply

    def parsed(self, path: str, reply: Reply, parse: Callable[[Any], Answer]) -> Answer:
        """Return the result of ``parse`` for the shop's response; raises ``ServerError`` for an unexpected format."""
        return self._shop.parsed(path, reply, parse)

    def _renew(self, session: Session, old: str) -> bool:
        """Renew the access token. Return whether the session now has one other than ``old``. Raises ``ServerError``.

        A refresh token can be used only once, so concurrent requests that need it share one renewal or its failure.
        """

        def renew() -> bool:
            if session.access != old:
                return True
            reply = self._shop.ask(_REFRESH, method="POST", headers=_bearer(session.refresh))
            if reply.status != 200:
                return False
            session.access, session.refresh = self._shop.parsed(_REFRESH, reply, _tokens)
            return True

        return self._renewals.do(old, renew)

    def _forget_old(self) -> None:
        now = self._clock()
        for identity in [key for key, one in self._known.items() if now - one.began >= LIFETIME_SECONDS]:
            del self._known[identity]
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]


def _tokens(content: Mapping[str, Any]) -> tuple[str, str]:
    return str(content["access_token"]), str(content["refresh_token"])


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
