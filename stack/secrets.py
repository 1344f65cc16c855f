"""Secrets of one instance: generated at its first start, kept in its state directory, readable only by its owner."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stack.paths import StatePaths

ADMIN_EMAIL = "admin@glasshouse.example"


def jwt_secret(paths: StatePaths) -> Path:
    """Return the file with the key that signs tokens, which is the same for every replica and across restarts."""
    return paths.secrets / "jwt_secret"


def admin_password(paths: StatePaths) -> Path:
    """Return the file with the password of the shop's first admin."""
    return paths.secrets / "admin_password"


def grafana_password(paths: StatePaths) -> Path:
    """Return the file with the password of Grafana's admin, used if Grafana is installed."""
    return paths.secrets / "grafana_password"


def make(paths: StatePaths) -> None:
    """Generate the secrets that do not exist yet."""
    _made_once(jwt_secret(paths), 48)
    _made_once(admin_password(paths), 18)
    _made_once(grafana_password(paths), 18)


def _made_once(path: Path, size: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(size))
        try:
            # Linked, not renamed: a second process must not replace a secret that the first process has already used.
            os.link(fresh, path)
        except FileExistsError:
            return
        finally:
            fresh.unlink()
