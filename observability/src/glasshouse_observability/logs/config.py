"""Logging of a process: JSON lines on standard output, with a copy in a file if one is set."""

from __future__ import annotations

import logging
import logging.config
import sys
import threading
from types import TracebackType
from typing import Any

from glasshouse_observability.logs.file import SharedFileHandler
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.logs.lines import CountedStream, LogLines
from glasshouse_observability.settings import TelemetrySettings


def logging_config(settings: TelemetrySettings, lines: LogLines | None = None) -> dict[str, Any]:
    """Return the ``logging.config`` dictionary of a process; gunicorn accepts it as ``logconfig_dict``.

    ``lines`` counts the lines written to the file, or to standard output if there is none.
    """
    handlers: dict[str, dict[str, Any]] = {
        "stdout": {"()": CountedStream, "stream": "ext://sys.stdout", "formatter": "json"},
    }
    if not settings.log_file:
        handlers["stdout"]["lines"] = lines
    else:
        handlers["file"] = {"()": SharedFileHandler, "path": settings.log_file, "formatter": "json", "lines": lines}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": JsonFormatter, "service": settings.service, "instance": settings.instance},
        },
        "handlers": handlers,
        "root": {"level": settings.log_level, "handlers": list(handlers)},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            # A line for every HTTP call or Redis command belongs in the trace, not in the log.
            "urllib3": {"level": "WARNING"},
            "rq": {"level": "WARNING"},
            # ``traces.provider`` counts the spans that an unavailable Collector loses, and logs the loss once a minute.
            "opentelemetry": {"level": "CRITICAL"},
        },
    }


def configure_logging(settings: TelemetrySettings, lines: LogLines | None = None) -> None:
    """Configure logging of JSON to standard output; uncaught exceptions of all threads become one line each too."""
    logging.config.dictConfig(logging_config(settings, lines))
    # Disables look-ups for each record whose results no line contains (see "Optimization" in logging's documentation).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _log_uncaught(kind: type[BaseException], error: BaseException, trace_back: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace_back)
        return
    logging.getLogger("uncaught").critical("uncaught %s", kind.__name__, exc_info=(kind, error, trace_back))
