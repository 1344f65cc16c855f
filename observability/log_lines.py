"""Counts log lines where they leave the process, so that what arrives can be held against it."""

from __future__ import annotations

import logging
from typing import TextIO

from prometheus_client import CollectorRegistry, Counter


class LogLines:
    """The lines of a process by whether they left it: to its log file if it has one, else to standard output."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = Counter(
            "telemetry_log_lines_total",
            "Log lines by whether they reached the log file, or standard output where there is none",
            ["outcome"],
            registry=registry,
        )
        self._written, self._lost = counter.labels("written"), counter.labels("lost")

    def count(self, written: bool) -> None:
        """One line more."""
        (self._written if written else self._lost).inc()


class CountedStream(logging.StreamHandler[TextIO]):
    """Writes to a stream, and counts in ``lines`` if there are any."""

    def __init__(self, stream: TextIO, lines: LogLines | None = None) -> None:
        super().__init__(stream)
        self._lines, self._failed = lines, False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; logging holds this handler's lock meanwhile."""
        self._failed = False
        super().emit(record)
        if self._lines is not None:
            self._lines.count(not self._failed)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """What ``emit`` calls instead of raising."""
        self._failed = True
        super().handleError(record)
