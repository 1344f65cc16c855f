"""Structured logs: one JSON object a line on standard output, with the ids that join it to its trace; a copy goes
to a file where one is set.

The formatter is python-json-logger's orjson formatter; added are the identity of the process, the trace, request
and job ids, and exceptions as fields instead of lines of their own.
"""

from __future__ import annotations

import logging
import logging.config
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from opentelemetry import trace
from pythonjsonlogger.orjson import OrjsonFormatter

from observability import context
from observability.exceptions import exception_fields
from observability.log_file import SharedFileHandler
from observability.settings import TelemetrySettings

_RENAME = {"levelname": "level", "name": "logger"}


class JsonFormatter(OrjsonFormatter):
    """One record as one JSON line: timestamp (UTC, microseconds), level, logger, message, ids, extra fields."""

    def __init__(self, service: str, instance: str) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields=_RENAME,
            static_fields={"service": service, "instance": instance},
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Add the ids of the current request, and what is known of the exception."""
        # First, because people read lines from the left.
        created = datetime.fromtimestamp(record.created, UTC)
        log_data["timestamp"] = created.isoformat(timespec="microseconds").replace("+00:00", "Z")
        message_dict.pop("exc_info", None)
        super().add_fields(log_data, record, message_dict)
        _add_ids(log_data)
        if record.exc_info and record.exc_info[0] is not None:
            log_data.update(exception_fields(*record.exc_info))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name is logging's)
        """Nothing: the traceback becomes a field of its own in ``add_fields``."""
        return ""


def _add_ids(log_data: dict[str, Any]) -> None:
    span = trace.get_current_span().get_span_context()
    if span.is_valid and "trace_id" not in log_data:
        log_data["trace_id"] = format(span.trace_id, "032x")
        log_data["span_id"] = format(span.span_id, "016x")
    for name, variable in (("request_id", context.request_id), ("job_id", context.job_id)):
        value = variable.get()
        if value is not None:
            log_data.setdefault(name, value)


def logging_config(settings: TelemetrySettings) -> dict[str, Any]:
    """The ``logging.config`` dictionary of a process; gunicorn takes it as ``logconfig_dict``."""
    handlers: dict[str, dict[str, Any]] = {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"},
    }
    if settings.log_file:
        handlers["file"] = {"()": SharedFileHandler, "path": settings.log_file, "formatter": "json"}
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
            # One line per HTTP call or Redis command belongs in the trace, not in the log.
            "urllib3": {"level": "WARNING"},
            "rq": {"level": "WARNING"},
            # A dead Collector is counted and told once a minute by observability.tracing instead.
            "opentelemetry": {"level": "CRITICAL"},
        },
    }


def configure_logging(settings: TelemetrySettings) -> None:
    """Log JSON to standard output from here on; uncaught exceptions of any thread become one line too."""
    logging.config.dictConfig(logging_config(settings))
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
