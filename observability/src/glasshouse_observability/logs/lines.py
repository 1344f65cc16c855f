"""Log lines written to a stream, and counters of the lines written and lost, to compare with the lines that arrive."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TextIO

from prometheus_client import CollectorRegistry, Counter

from glasshouse_observability.logs.quick_write import writer
from glasshouse_observability.metrics.prometheus_internals import incrementer


class LogLines:
    """Counters of a process's lines, written or lost: in its log file if it has one, else on standard output."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = Counter(
            "telemetry_log_lines_total",
            "Log lines by outcome of the write to the log file, or to standard output if there is no log file",
            ["outcome"],
            registry=registry,
        )
        self.count_written = incrementer(counter.labels("written"))
        self.count_lost = incrementer(counter.labels("lost"))


class LineHandler(logging.Handler, ABC):
    """A handler that also accepts formatted lines, without a record of logging."""

    @abstractmethod
    def write_line(self, line: bytes) -> None:
        """Write ``line``, which ends with its line break; a failure is counted and never raised."""


class CountedStream(LineHandler):
    """Write each record as one line to a stream immediately, and count the lines in ``lines`` if given.

    Each line is one write, so no lock is needed and no thread waits for another's write.
    """

    def __init__(self, stream: TextIO, lines: LogLines | None = None) -> None:
        super().__init__()
        self._write = _write_to(stream)
        self._count_written, self._count_lost = counted_by(lines)

    def createLock(self) -> None:  # noqa: N802 (the name is logging's)
        """Create no lock; ``handle`` needs none."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record, unless a filter rejects it."""
        passed = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; a failure is counted and passed to logging's own ``handleError``."""
        try:
            self._write(line_of(self, record))
        except Exception:  # noqa: BLE001  (logging's own rule for what cannot be formatted or written)
            self.handleError(record)
            self._count_lost()
            return
        self._count_written()

    def write_line(self, line: bytes) -> None:
        """Write a line that is already formatted; a failure is only counted, as it cannot be reported elsewhere."""
        try:
            self._write(line)
        except (OSError, ValueError):
            self._count_lost()
            return
        self._count_written()


def counted_by(lines: LogLines | None) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return the functions that count a written line and a lost one; they do nothing without ``lines``."""
    if lines is None:
        return _uncounted, _uncounted
    return lines.count_written, lines.count_lost


def _uncounted() -> None:
    """For a process that counts its lines elsewhere, or does not count them."""


def line_of(handler: logging.Handler, record: logging.LogRecord) -> bytes:
    """Return the record as ``handler`` writes it; a formatter's ``line`` is preferred, to avoid a second encoding."""
    line: Callable[[logging.LogRecord], bytes] | None = getattr(handler.formatter, "line", None)
    return line(record) if line else f"{handler.format(record)}\n".encode("utf-8", "backslashreplace")


def _write_to(stream: TextIO) -> Callable[[bytes], object]:
    try:
        descriptor = stream.fileno()
    except OSError:
        # Not a file of the operating system, because a test captures the output.
        return lambda line: stream.write(line.decode())
    stream.flush()
    return writer(descriptor)
