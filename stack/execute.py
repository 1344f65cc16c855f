"""``exec``: run a command with the addresses of this instance in its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from stack import secrets
from stack.instance import Instance, attach
from stack.services import environment
from stack.settings import Settings

GIVEN = (
    *("API_URL", "PAYMENTS_URL", "MONGO_URL", "REDIS_URL", "SMTP_URL", "CONSOLE_URL"),
    *("PROMETHEUS_URL", "ALERTMANAGER_URL", "LOKI_URL", "JAEGER_URL", "COLLECTOR_METRICS_URL", "JOINING_FILE"),
)


def execute(module: str, arguments: Sequence[str], settings: Settings) -> int:
    """Replace this process by ``python -m module``, with the addresses of the instance's servers in its environment."""
    instance = attach(settings)
    known = environment(instance, "console", "console", port="console")
    addresses = {name: known[name] for name in GIVEN}
    os.execve(  # noqa: S606  (our own interpreter, no shell)
        sys.executable,
        [sys.executable, "-m", module, *arguments],
        {**os.environ, **addresses, **admin(instance), "GLASSHOUSE_PORT_OFFSET": str(instance.ports.offset)},
    )


def admin(instance: Instance) -> dict[str, str]:
    """Return the user who may switch faults, and the file with the password, which only its owner can read."""
    return {"ADMIN_EMAIL": secrets.ADMIN_EMAIL, "ADMIN_PASSWORD_FILE": str(secrets.admin_password(instance.paths))}
