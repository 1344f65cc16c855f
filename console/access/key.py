"""The key that signs the session cookie: created once, stored next to the inbox, readable only by its owner."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = "session_key"
_BYTES = 32


def session_key(directory: Path) -> str:
    """Return the installation's key, created if missing. If it cannot be stored, a restart ends all sessions."""
    path = directory / FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(_BYTES))
    except OSError:
        pass
    try:
        return path.read_text().strip() or secrets.token_urlsafe(_BYTES)
    except OSError:
        return secrets.token_urlsafe(_BYTES)
