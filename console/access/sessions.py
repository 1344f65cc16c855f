"""Sessions: kept here, so that the browser holds a signed number and never the shop's tokens."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from console.servers.http import JsonServer, Reply

LIFETIME_SECONDS = 8 * 3600
MOST = 100


class SignInRefused(Exception):
    """The shop does not know this account, or it is no administrator's; ``status`` is for the answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass
class Session:
    """One browser's sign-in."""

    email: str
    access: str
    refresh: str
    began: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """Signs in at the shop and asks it in a session's name; at most ``MOST`` sessions, each for eight hours."""

    def __init__(self, shop: JsonServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._shop, self._clock = shop, clock
        self._known: dict[str, Session] = {}
        self._lock = threading.Lock()

    def sign_in(self, email: str, password: str) -> str:
        """Return the number of a new session. Raises ``SignInRefused``, or ``ServerError`` if the shop is down."""
        reply = self._shop.ask("/api/v1/auth/login", method="POST", body={"email": email, "password": password})
        if reply.status == 429:
            raise SignInRefused(429, "Too many attempts; wait a minute.")
        if reply.status in (400, 401, 422):
            raise SignInRefused(401, "The shop does not know this e-mail and password.")
        if reply.status != 200:
            raise self._shop.bad("/api/v1/auth/login", reply)
        access = str(reply.content["access_token"])
        who = self._shop.ask("/api/v1/auth/me", headers=_bearer(access))
        if who.status != 200 or who.content.get("role") != "admin":
            raise SignInRefused(403, "This account is no administrator of the shop.")
        identity = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            self._known[identity] = Session(email, access, str(reply.content["refresh_token"]), self._clock())
        return identity

    def get(self, identity: object) -> Session | None:
        """Return the session, None if there is none or it is too old."""
        with self._lock:
            found = self._known.get(identity) if isinstance(identity, str) else None
            return found if found and self._clock() - found.began < LIFETIME_SECONDS else None

    def end(self, identity: object) -> None:
        """Sign out, here and at the shop."""
        with self._lock:
            session = self._known.pop(identity, None) if isinstance(identity, str) else None
        if session:
            self._shop.ask("/api/v1/auth/logout", method="POST", headers=_bearer(session.access))

    def ask(self, session: Session, path: str, *, method: str = "GET", body: Any = None) -> Reply:
        """Ask the shop as the one who is signed in; an access token that has run out is renewed once."""
        reply = self._shop.ask(path, method=method, body=body, headers=_bearer(session.access))
        if reply.status == 401 and self._renew(session, session.access):
            reply = self._shop.ask(path, method=method, body=body, headers=_bearer(session.access))
        return reply

    def _renew(self, session: Session, old: str) -> bool:
        with session.lock:
            if session.access != old:  # another request was first; a refresh token works once
                return True
            reply = self._shop.ask("/api/v1/auth/refresh", method="POST", headers=_bearer(session.refresh))
            if reply.status != 200:
                return False
            session.access = str(reply.content["access_token"])
            session.refresh = str(reply.content["refresh_token"])
            return True

    def _forget_old(self) -> None:
        now = self._clock()
        for identity in [key for key, one in self._known.items() if now - one.began >= LIFETIME_SECONDS]:
            del self._known[identity]
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
