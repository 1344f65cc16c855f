"""Liveness and readiness of the console."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from console.inbox.store import Inbox, InboxUnavailable


def blueprint(inbox: Inbox, smtp_alive: Callable[[], bool]) -> Blueprint:
    """Return ``/healthz`` and ``/readyz``."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        """Return 200 if the process responds, without checking anything else."""
        return jsonify({"status": "alive"})

    @health.get("/readyz")
    def ready() -> tuple[Response, int]:
        """Return 200 if alerts and e-mail can be received, 503 if one of them cannot."""
        started = time.perf_counter()
        try:
            inbox.newest(limit=1)
            kept: dict[str, object] = {"state": "up"}
        except InboxUnavailable as error:
            kept = {"state": "down", "error": str(error)}
        kept["latency_seconds"] = round(time.perf_counter() - started, 6)
        mail: dict[str, object] = (
            {"state": "up"} if smtp_alive() else {"state": "down", "error": "its thread has ended"}
        )
        is_ready = kept["state"] == mail["state"] == "up"
        answer = {"status": "ready" if is_ready else "unready", "dependencies": {"inbox": kept, "smtp": mail}}
        return jsonify(answer), 200 if is_ready else 503

    return health
