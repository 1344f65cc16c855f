"""Make the passwords of the composed stack, once: ``python3 deploy/compose/make_secrets.py`` (or ``make secrets``).

They go to ``.env.secrets``, readable by you alone and ignored by git. What the file has is kept, what it lacks is
added, so that it may be run at every start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_hex

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".env.secrets"
NAMES = (
    "MONGO_ROOT_PASSWORD",
    "MONGO_SHOP_PASSWORD",
    "MONGO_PAYMENTS_PASSWORD",
    "MONGO_MONITOR_PASSWORD",
    "MONGO_KEY",
    "REDIS_PASSWORD",
    "GRAFANA_ADMIN_PASSWORD",
    "JWT_SECRET",
    "SHOP_ADMIN_PASSWORD",
)
BYTES = 24


def missing(text: str) -> list[str]:
    """The names that the file does not give a value."""
    given = {line.split("=", 1)[0] for line in text.splitlines() if line.partition("=")[2]}
    return [name for name in NAMES if name not in given]


def complete(file: Path) -> list[str]:
    """Add what is missing; returns the names that were added."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as stream:
        text = stream.read()
        added = missing(text)
        if not text:
            stream.write(
                "# The composed stack's passwords, made by deploy/compose/make_secrets.py. For your eyes only.\n"
            )
        elif not text.endswith("\n"):
            stream.write("\n")
        stream.writelines(f"{name}={token_hex(BYTES)}\n" for name in added)
    return added


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    new = complete(file)
    sys.stderr.write(f"{len(new)} passwords made in {file}\n" if new else f"{file} has every password\n")
