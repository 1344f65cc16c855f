"""Log lines to a stream, and a count of those that leave the process, so that what arrives can be held against it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TextIO

from prometheus_client import CollectorRegistry

from observability.deferred import DeferredCounter
from observability.quick_write import writer


class LogLines:
    """The lines of a process by whether they left it: to its log file if it has one, else to standard output."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = DeferredCounter(
            "telemetry_log_lines_total",
            "Log lines by whether they reached the log file, or standard output where there is none",
            ["outcome"],
            registry=registry,
        )
        self._written, self._lost = counter.labels("written"), counter.labels("lost")

    def count(self, written: bool) -> None:
        """One line more."""
        (self._written if written else self._lost).inc()


class LineHandler(logging.Handler):
    """A handler that also takes lines which are ready, past logging's records."""

    def write_line(self, line: bytes) -> None:
        """Write ``line``, which ends with its line break; what fails is counted and never raises."""
        raise NotImplementedError


class CountedStream(LineHandler):
    """Writes each record as one line to a stream, at once, and counts in ``lines`` if there are any.

    One write for each line, so no lock is needed around it, and no thread waits for another's.
    """

    def __init__(self, stream: TextIO, lines: LogLines | None = None) -> None:
        super().__init__()
        self._lines, self._write = lines, _write_to(stream)

    def createLock(self) -> None:  # noqa: N802 (the name is logging's)
        """None; ``handle`` takes none."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record, if no filter is against it."""
        passed = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; what fails is told as logging tells it, and counted."""
        written = False
        try:
            self._write(line_of(self, record))
            written = True
        except Exception:  # noqa: BLE001  (logging's own rule for what cannot be formatted or written)
            self.handleError(record)
        if self._lines is not None:
            self._lines.count(written)

    def write_line(self, line: bytes) -> None:
        """Write a line that was made elsewhere. Nobody is told that standard output is gone: there is nowhere to."""
        try:
            self._write(line)
            written = True
        except (OSError, ValueError):
            written = False
        if self._lines is not None:
            self._lines.count(written)


def line_of(handler: logging.Handler, record: logging.LogRecord) -> bytes:
    """The record as ``handler`` writes it: by its formatter's ``line`` if that has one, which saves coding it twice."""
    line: Callable[[logging.LogRecord], bytes] | None = getattr(handler.formatter, "line", None)
    return line(record) if line else f"{handler.format(record)}\n".encode("utf-8", "backslashreplace")


def _write_to(stream: TextIO) -> Callable[[bytes], object]:
    try:
        descriptor = stream.fileno()
    except OSError:
        # A stream that is no file of the system: somebody captures what is written.
        return lambda line: stream.write(line.decode())
    stream.flush()
    return writer(descriptor)
