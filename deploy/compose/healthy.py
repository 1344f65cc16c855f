"""The image's health check: 0 if this container's process can do its work, 1 and the reason if not.

HEALTH_FILE: the file must have been touched in the last half minute (a process without a port).
Else the process is asked: ``/readyz`` at PORT, or ``/metrics`` at METRICS_PORT if it has no port of its own.
"""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Mapping

PATIENCE_SECONDS = 4
STALE_SECONDS = 30


def answer(port: int, path: str) -> str:
    """Nothing if the process answers 200, else what is wrong."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(500).decode("utf-8", "replace")
        return "" if response.status == 200 else f"{path} answers {response.status}: {body}"
    except (OSError, http.client.HTTPException) as error:
        return f"{path} does not answer: {error!r}"
    finally:
        connection.close()


def touched(path: str) -> str:
    """Nothing if the file was touched lately, else what is wrong."""
    try:
        age = time.time() - os.stat(path).st_mtime
    except OSError as error:
        return f"{path}: {error.strerror}"
    return "" if age < STALE_SECONDS else f"{path} was last touched {age:.0f} s ago"


def trouble(env: Mapping[str, str]) -> str:
    """What is wrong with the process that this environment configures."""
    if path := env.get("HEALTH_FILE"):
        return touched(path)
    if port := env.get("PORT"):
        return answer(int(port), "/readyz")
    return answer(int(env.get("METRICS_PORT") or "9100"), "/metrics")


if __name__ == "__main__":
    sys.exit(trouble(os.environ) or 0)
