"""Log lines to a stream, and a count of those that leave the process, so that what arrives can be held against it."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TextIO

from prometheus_client import CollectorRegistry, Counter

from observability.prometheus_internals import incrementer
from observability.quick_write import writer


class LogLines:
    """The lines of a process by whether they left it: to its log file if it has one, else to standard output."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = Counter(
            "telemetry_log_lines_total",
            "Log lines by whether they reached the log file, or standard output where there is none",
            ["outcome"],
            registry=registry,
        )
        self.count_written = incrementer(counter.labels("written"))
        self.count_lost = incrementer(counter.labels("lost"))


class LineHandler(logging.Handler, ABC):
    """A handler that also takes lines which are ready, past logging's records."""

    @abstractmethod
    def write_line(self, line: bytes) -> None:
        """Write ``line``, which ends with its line break; what fails is counted and never raises."""


class CountedStream(LineHandler):
    """Writes each record as one line to a stream, at once, and counts in ``lines`` if there are any.

    One write for each line, so no lock is needed around it, and no thread waits for another's.
    """

    def __init__(self, stream: TextIO, lines: LogLines | None = None) -> None:
        super().__init__()
        self._write = _write_to(stream)
        self._count_written, self._count_lost = counted_by(lines)

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
        """Write the record; a failure is counted and goes to logging's own ``handleError``."""
        try:
            self._write(line_of(self, record))
        except Exception:  # noqa: BLE001  (logging's own rule for what cannot be formatted or written)
            self.handleError(record)
            self._count_lost()
            return
        self._count_written()

    def write_line(self, line: bytes) -> None:
        """Write a line that was made elsewhere; a failure is counted only, as there is no other place to report it."""
        try:
            self._write(line)
        except (OSError, ValueError):
            self._count_lost()
            return
        self._count_written()


def counted_by(lines: LogLines | None) -> tuple[Callable[[], object], Callable[[], object]]:
    """What counts a line that was written, and one that was lost; nothing if there are no ``lines`` to count in."""
    if lines is None:
        return _uncounted, _uncounted
    return lines.count_written, lines.count_lost


def _uncounted() -> None:
    """Of a process that counts its lines elsewhere, or not at all."""


def line_of(handler: logging.Handler, record: logging.LogRecord) -> bytes:
    """The record as ``handler`` writes it: by its formatter's ``line`` if that has one, which saves coding it twice."""
    line: Callable[[logging.LogRecord], bytes] | None = getattr(handler.formatter, "line", None)
    return line(record) if line else f"{handler.format(record)}\n".encode("utf-8", "backslashreplace")


def _write_to(stream: TextIO) -> Callable[[bytes], object]:
    try:
        descriptor = stream.fileno()
    except OSError:
        # Not a file of the operating system: a test captures what is written.
        return lambda line: stream.write(line.decode())
    stream.flush()
    return writer(descriptor)
