"""The image's health check: exit 0 if this container's process is healthy, otherwise 1 with the reason.

A process without a port touches HEALTH_FILE, which must have been modified in the last 30 seconds. Other processes must
respond to ``/readyz`` at PORT, or to ``/metrics`` at OBSERVABILITY_METRICS_PORT if PORT is not set.
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
    """Return "" if the process responds with 200, otherwise the problem."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(500).decode("utf-8", "replace")
        return "" if response.status == 200 else f"{path} returned {response.status}: {body}"
    except (OSError, http.client.HTTPException) as error:
        return f"{path} did not respond: {error!r}"
    finally:
        connection.close()


def touched(path: str) -> str:
    """Return "" if the file was modified recently, otherwise the problem."""
    try:
        age = time.time() - os.stat(path).st_mtime
    except OSError as error:
        return f"{path}: {error.strerror}"
    return "" if age < STALE_SECONDS else f"{path} was last modified {age:.0f} s ago"


def trouble(env: Mapping[str, str]) -> str:
    """Return the problem of the process that this environment configures, or ""."""
    if path := env.get("HEALTH_FILE"):
        return touched(path)
    if port := env.get("PORT"):
        return answer(int(port), "/readyz")
    return answer(int(env.get("OBSERVABILITY_METRICS_PORT") or "9100"), "/metrics")


if __name__ == "__main__":
    sys.exit(trouble(os.environ) or 0)
