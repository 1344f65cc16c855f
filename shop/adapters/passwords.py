"""Passwords as argon2id hashes."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP Password Storage Cheat Sheet, argon2id: 19 MiB of memory, two passes, one lane. Measured here: about 15 ms.
_MEMORY_KIB, _PASSES, _LANES = 19_456, 2, 1
_AT_ONCE = 2


class Argon2Passwords:
    """Implements ``ports.Passwords``."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._nobody: str | None = None
        # Each hash takes 19 MiB and a core: many at once must not take a replica's memory, they wait.
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def hashed(self, password: str) -> str:
        """A salted hash; see ``ports.Passwords``."""
        with self._places:
            return self._hasher.hash(password)

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether they belong together; see ``ports.Passwords``."""
        if self._nobody is None:
            # Made when first needed: a worker, which checks no passwords, need not pay for it.
            self._nobody = self.hashed("the password of nobody")
        try:
            with self._places:
                self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None
