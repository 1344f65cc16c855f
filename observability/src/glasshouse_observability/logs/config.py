"""Logging of a process: JSON lines on standard output, with a copy in a file if one is set."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from glasshouse_observability.logs.duplicates import DuplicateWatch
from glasshouse_observability.logs.file import SharedFileHandler
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.logs.lines import CountedStream, LineHandler, LogLines, Tee
from glasshouse_observability.logs.uncaught import log_uncaught
from glasshouse_observability.logs.undo import Changes
from glasshouse_observability.settings import TelemetrySettings

QUIET = {
    # A line for every HTTP call or Redis command belongs in the trace, not in the log.
    "urllib3": "WARNING",
    "rq": "WARNING",
    # ``traces.provider`` counts the spans that an unavailable Collector loses, and logs the loss once a minute.
    "opentelemetry": "CRITICAL",
}
"""Loggers with a line for every operation, and their levels."""
_PACKAGE = __name__.partition(".")[0]
OWN_LOGGERS = ("http.request", "jobs", "uncaught")
"""The loggers of this library besides those of its package."""


@dataclass(frozen=True)
class LoggingOptions:
    """What ``configure_logging`` changes in the process; each step can be left out, and all are undone together.

    Attributes:
        uncaught: write a line for each uncaught exception.
        warnings: write a line for each warning of the ``warnings`` module, unless the application has its own function
            for them.
        quiet: the levels of loggers for which the application has not set one.
        thread_fields: whether records have ``threadName``, ``processName`` and ``process``. No line of this library
            contains them. ``False`` saves their look-up for each record; formatters of the application that use them
            then print ``None``.
    """

    uncaught: bool = True
    warnings: bool = True
    quiet: Mapping[str, str] = field(default_factory=lambda: dict(QUIET))
    thread_fields: bool = True


def new_handler(
    settings: TelemetrySettings,
    lines: LogLines | None = None,
    stream: TextIO | None = None,
) -> LineHandler:
    """Return the handler of a process: JSON lines on ``stream``, by default standard output, and in the log file.

    ``lines`` counts the lines written to the file, or to the stream if there is none.
    """
    stream = stream if stream is not None else sys.stdout
    handler: LineHandler
    if settings.log_file:
        handler = Tee(CountedStream(stream), SharedFileHandler(settings.log_file, lines=lines))
    else:
        handler = CountedStream(stream, lines)
    count = {"count_repair": lines.count_repaired} if lines is not None else {}
    handler.setFormatter(JsonFormatter(settings.service, settings.instance, settings.redaction, **count))
    return handler


def logging_config(settings: TelemetrySettings, lines: LogLines | None = None) -> dict[str, Any]:
    """Return the ``logging.config`` dictionary of a process, for gunicorn's setting ``logconfig_dict``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"json": {"()": new_handler, "settings": settings, "lines": lines}},
        "root": {"level": settings.log_level, "handlers": ["json"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            **{name: {"level": level} for name, level in QUIET.items()},
        },
    }


def configure_logging(
    settings: TelemetrySettings,
    lines: LogLines | None = None,
    options: LoggingOptions | None = None,
) -> Callable[[], None]:
    """Add the handler of JSON lines to the root logger, and set what ``options`` selects.

    Handlers of the application stay. Those that print the same records on standard output or error a second time are
    reported once each, or removed if ``settings.log_take_over``. The result undoes everything;
    calling it again has no effect.
    """
    options = options or LoggingOptions()
    changes, root = Changes(), logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler, LineHandler):
            changes.remove(root, handler)
    ours = new_handler(settings, lines)
    ours.watch = watch = DuplicateWatch(changes, settings.log_take_over)
    changes.set_level(root, settings.log_level)
    changes.callback(ours.close)
    changes.add(root, ours)
    if lines is not None:
        lines.handler = ours
    for name, level in options.quiet.items():
        if (logger := logging.getLogger(name)).level == logging.NOTSET:
            changes.set_level(logger, level)
    if not options.thread_fields:
        for attribute in ("logThreads", "logProcesses", "logMultiprocessing"):
            changes.set(logging, attribute, False)
    if options.warnings:
        _capture_warnings(changes)
    if options.uncaught:
        log_uncaught(changes)
    watch.look(root)
    return changes.close


def restore_logging(settings: TelemetrySettings, lines: LogLines) -> None:
    """Restore what a later ``logging.config.dictConfig`` or ``fileConfig`` of the application has removed.

    Such a call replaces the handlers and the level of the root logger, and by default disables the loggers that exist.
    The handler comes first, before handlers whose filters add fields to the records. It does nothing if another
    handler of this library is there.
    """
    root = logging.getLogger()
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and (name in OWN_LOGGERS or name.startswith(f"{_PACKAGE}.")):
            logger.disabled = False
    if lines.handler is None or any(isinstance(handler, LineHandler) for handler in root.handlers):
        return
    root.handlers = [lines.handler, *root.handlers]
    root.setLevel(settings.log_level)


def _capture_warnings(changes: Changes) -> None:
    before: Any = warnings.showwarning
    # Another function is the application's, and ``logging`` would not call it.
    if before.__module__ == "warnings":
        logging.captureWarnings(True)
        changes.callback(logging.captureWarnings, False)
