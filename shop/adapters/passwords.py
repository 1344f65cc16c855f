"""Passwords as argon2id hashes, by libsodium, which uses the processor's vector registers in every build."""

from __future__ import annotations

import threading

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

# OWASP Password Storage Cheat Sheet, argon2id. Of the parameter sets that it lists as equivalent, this one takes the
# least time here, and the least memory (docs/decisions/0042-libsodium-passwords.md). A hash contains its parameters, so
# one created with others can still be verified.
_PASSES, _MEMORY_BYTES = 5, 7168 * 1024
_AT_ONCE = 2


class Argon2Passwords:
    """Implements ``ports.Passwords``."""

    def __init__(self) -> None:
        self._no_account: str | None = None
        # Each hash takes 7 MiB and a core. Concurrent hashes wait, so that they do not use up a replica's memory.
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def hashed(self, password: str) -> str:
        """Return a salted hash; see ``ports.Passwords``."""
        with self._places:
            return argon2id.str(password.encode(), _PASSES, _MEMORY_BYTES).decode()

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password matches the hash; see ``ports.Passwords``."""
        if self._no_account is None:
            # Created when first needed, because a worker checks no passwords.
            self._no_account = self.hashed("the password of no account")
        try:
            with self._places:
                argon2id.verify((password_hash or self._no_account).encode(), password.encode())
        except CryptoError:
            return False
        return password_hash is not None
