"""``/healthz``: whether the process is alive; ``/readyz``: whether it can serve requests, and missing dependencies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app.draining import Draining
from app.schemas import Alive, Readiness
from app.spec import operation

Probe = Callable[[], Any]


def blueprint(required: Mapping[str, Probe], optional: Mapping[str, Probe], draining: Draining) -> Blueprint:
    """Register both views.

    Without a ``required`` dependency the process is not ready; without an ``optional`` one it is degraded. While
    ``draining`` it is not ready in any case: it still serves requests but should receive no new ones.
    """
    api = Blueprint("health", __name__)

    @api.get("/healthz")
    @operation(summary="Liveness: the process responds", tag="health", answers={200: Alive})
    def alive() -> ResponseReturnValue:
        return jsonify({"status": "alive"})

    @api.get("/readyz")
    @operation(
        summary="Readiness: the process can serve requests", tag="health", answers={200: Readiness, 503: Readiness}
    )
    def ready() -> ResponseReturnValue:
        with suppress_instrumentation():
            needed = {name: _ask(probe) for name, probe in required.items()}
            missed = {name: _ask(probe) for name, probe in optional.items()}
        if draining.begun:
            status, code = "draining", 503
        elif not all(answer["state"] == "up" for answer in needed.values()):
            status, code = "unready", 503
        else:
            status = "ready" if all(answer["state"] == "up" for answer in missed.values()) else "degraded"
            code = 200
        return jsonify({"status": status, "dependencies": {**needed, **missed}}), code

    return api


def _ask(probe: Probe) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        probe()
    except Exception as error:  # noqa: BLE001  (whatever a probe raises means: not ready)
        answer = {"state": "down", "error": type(error).__name__}
    else:
        answer = {"state": "up"}
    return {**answer, "latency_seconds": round(time.perf_counter() - started, 6)}
