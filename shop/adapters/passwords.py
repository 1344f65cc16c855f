"""Passwords as argon2id hashes, by libsodium: it uses the processor's wide registers, whatever it was built on."""

from __future__ import annotations

import threading

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

# OWASP Password Storage Cheat Sheet, argon2id. Of the costs that it calls equal this is the cheapest to ask for here
# (docs/decisions/README.md), and the least memory. A hash says its own cost: one made at another is still understood.
_PASSES, _MEMORY_BYTES = 5, 7168 * 1024
_AT_ONCE = 2


class Argon2Passwords:
    """Implements ``ports.Passwords``."""

    def __init__(self) -> None:
        self._no_account: str | None = None
        # Each hash takes 7 MiB and a core: many at once must not take a replica's memory, they wait.
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def hashed(self, password: str) -> str:
        """A salted hash; see ``ports.Passwords``."""
        with self._places:
            return argon2id.str(password.encode(), _PASSES, _MEMORY_BYTES).decode()

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether they belong together; see ``ports.Passwords``."""
        if self._no_account is None:
            # Made when first needed: a worker, which checks no passwords, need not pay for it.
            self._no_account = self.hashed("the password of no account")
        try:
            with self._places:
                argon2id.verify((password_hash or self._no_account).encode(), password.encode())
        except CryptoError:
            return False
        return password_hash is not None
