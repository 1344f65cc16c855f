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

    handler: LineHandler | None = None
    """The handler of the root logger, once ``configure_logging`` has added it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = Counter(
            "telemetry_log_lines_total",
            "Log lines by outcome of the write to the log file, or to standard output if there is no log file",
            ["outcome"],
            registry=registry,
        )
        self.count_written = incrementer(counter.labels("written"))
        self.count_lost = incrementer(counter.labels("lost"))
        repaired = Counter(
            "telemetry_log_lines_repaired_total",
            "Log lines in which a value was replaced, because JSON cannot carry it or it could not be read",
            registry=registry,
        )
        self.count_repaired = incrementer(repaired)


class LineHandler(logging.Handler, ABC):
    """A handler that also accepts formatted lines, without a record of logging.

    Neither a record nor a failed write makes it raise or print; a line that is not written is counted. ``watch`` is
    called with each record, before it is written.
    """

    watch: Callable[[logging.LogRecord], object] | None = None

    def __init__(self, lines: LogLines | None = None) -> None:
        super().__init__()
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
        """Write the record."""
        try:
            if self.watch is not None:
                self.watch(record)
            line = line_of(self, record)
        except Exception:  # noqa: BLE001  (a formatter of the application; ours does not raise)
            self._count_lost()
            return
        self.write_line(line)

    @abstractmethod
    def write_line(self, line: bytes) -> None:
        """Write ``line``, which ends with its line break; a failure is counted and never raised."""


class CountedStream(LineHandler):
    """Write each record as one line to a stream immediately, and count the lines in ``lines`` if given.

    Each line is one write, so no lock is needed and no thread waits for another's write.
    """

    def __init__(self, stream: TextIO, lines: LogLines | None = None) -> None:
        super().__init__(lines)
        self._write = _write_to(stream)

    def write_line(self, line: bytes) -> None:
        """Write a line; a failure is only counted, as it cannot be reported elsewhere."""
        try:
            self._write(line)
        except Exception:  # noqa: BLE001  (a stream of the application may raise anything)
            self._count_lost()
            return
        self._count_written()


class Tee(LineHandler):
    """Format each record once and write the line to several handlers, which count it."""

    def __init__(self, *outputs: LineHandler) -> None:
        super().__init__()
        self._outputs = outputs

    def write_line(self, line: bytes) -> None:
        """Write the line to each handler."""
        for output in self._outputs:
            output.write_line(line)

    def close(self) -> None:
        """Close the handlers."""
        for output in self._outputs:
            output.close()
        super().close()


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
    except (OSError, AttributeError):
        # Not a file of the operating system, because a test captures the output.
        return lambda line: stream.write(line.decode())
    stream.flush()
    return writer(descriptor)
