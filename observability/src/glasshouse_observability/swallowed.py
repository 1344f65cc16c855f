"""Errors of the telemetry itself: they never reach the application, but they are counted and logged."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

_log = logging.getLogger(__name__)
LOG_EVERY_SECONDS = 60.0


class SwallowedErrors:
    """Count errors by place in ``telemetry_errors_total{where}``, and log at most one per place and minute."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._counter = Counter(
            "telemetry_errors_total",
            "Errors of the telemetry that were not passed on to the application, by place",
            ["where"],
            registry=registry,
        )
        self._clock = clock
        self._logged: dict[str, float] = {}

    def count(self, where: str, error: BaseException | None = None) -> None:
        """Count ``error``, by default the exception that is being handled; never raises an ``Exception``.

        ``where`` is a constant of the code, such as ``flask.response``, because each is one series.
        """
        self._counter.labels(where).inc()
        now = self._clock()
        if now - self._logged.get(where, -LOG_EVERY_SECONDS) < LOG_EVERY_SECONDS:
            return
        self._logged[where] = now
        try:
            _log.warning(
                "telemetry error in %s; further ones are counted only, for %.0f s",
                where,
                LOG_EVERY_SECONDS,
                exc_info=error if error is not None else True,
                extra={"event": "telemetry.error", "where": where},
            )
        except Exception:  # noqa: BLE001  (a handler of the application raised; the error is counted already)
            self._counter.labels("swallowed.log").inc()
