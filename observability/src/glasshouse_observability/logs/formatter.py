"""The JSON formatter: one object per line, with the ids that link it to its trace.

It is python-json-logger's orjson formatter. This module adds the identity of the process, the ids of the trace, request
and job, and exceptions as fields instead of separate lines.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import orjson
from opentelemetry import trace
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

from glasshouse_observability import context
from glasshouse_observability.exceptions import exception_fields
from glasshouse_observability.logs.lines import LineHandler

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
_STANDARD_FIELDS = frozenset(RESERVED_ATTRS)
_IDS = (("request_id", context.request_id), ("job_id", context.job_id))


class JsonFormatter(OrjsonFormatter):
    """Format a record as one JSON line: timestamp (UTC, microseconds), level, logger, message, ids, extra fields."""

    def __init__(self, service: str, instance: str) -> None:
        super().__init__(["levelname", "name", "message"])
        self._who = {"service": service, "instance": instance}
        self._second, self._second_shown = -1, ""

    def line(self, record: logging.LogRecord) -> bytes:
        """Return the line with its line break; it is formatted once, however many handlers share this formatter."""
        line: bytes | None = record.__dict__.get("_line")
        if line is None:
            if record.exc_info or record.exc_text or record.stack_info or type(record.msg) is not str:
                line = f"{super().format(record)}\n".encode("utf-8", "backslashreplace")
            else:
                # The part of the base class's work that is needed for a plain record; it takes half the time.
                record.message = record.getMessage() if record.args else record.msg
                fields: dict[str, Any] = {}
                self.add_fields(fields, record, {})
                line = orjson.dumps(fields, self.json_default, _OPTIONS)
            record.__dict__["_line"] = line
        return line

    def head(self, level: int, logger: str, message: str, fields: dict[str, Any]) -> bytes:
        """Return the part of a line between its timestamp and the ``fields`` of ``complete``; callers may cache it."""
        data = {"level": logging.getLevelName(level), "logger": logger, "message": message, **self._who, **fields}
        return orjson.dumps(data, self.json_default, orjson.OPT_NON_STR_KEYS)[1:-1]

    def complete(self, created: float, head: bytes, fields: dict[str, Any]) -> bytes:
        """Return the line with its line break.

        ``created`` is in Unix seconds. ``fields`` has at least one field, none of which is in ``head``.
        """
        rest = orjson.dumps(fields, self.json_default, _OPTIONS)
        return b'{"timestamp":"%b",%b,%b' % (self.moment(created).encode(), head, rest[1:])

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its line break."""
        return self.line(record)[:-1].decode()

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Add the fields of the base class, the ids of the current request, and the fields of the exception."""
        # These fields come first because people read lines from the left.
        log_data["timestamp"] = self.moment(record.created)
        log_data["level"], log_data["logger"], log_data["message"] = record.levelname, record.name, record.message
        log_data.update(self._who)
        message_dict.pop("exc_info", None)
        log_data.update(message_dict)
        for name, value in record.__dict__.items():
            if name not in _STANDARD_FIELDS and name[0] != "_":
                log_data[name] = value
        _add_ids(log_data)
        if record.exc_info and record.exc_info[0] is not None:
            log_data.update(exception_fields(*record.exc_info))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name is logging's)
        """Return nothing, because ``add_fields`` adds the traceback as a field."""
        return ""

    def moment(self, created: float) -> str:
        """Return ``created``, Unix seconds, as a timestamp for a line."""
        second, micros = divmod(round(created * 1e6), 1_000_000)
        # A local copy, because another thread may already have replaced it for the next second.
        known, shown = self._second, self._second_shown
        if known != second or not shown:
            shown = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second_shown, self._second = shown, second
        return f"{shown}.{micros:06d}Z"


def direct_handlers(logger: logging.Logger) -> tuple[JsonFormatter, list[LineHandler]] | None:
    """Return the handlers of ``logger`` if lines may be written to them without a record.

    They may if all handlers are of this package, share one formatter, and no level or filter rejects anything. ``None``
    means that another handler or filter must see a record.
    """
    if logger.filters:
        return None
    handlers: list[Any] = logger.handlers
    while logger.propagate and logger.parent is not None:
        logger = logger.parent
        handlers = handlers + logger.handlers
    formatter = handlers[0].formatter if handlers else None
    if type(formatter) is not JsonFormatter:
        return None
    for handler in handlers:
        if (
            handler.formatter is not formatter
            or handler.level
            or handler.filters
            or not isinstance(handler, LineHandler)
        ):
            return None
    return formatter, handlers


def _add_ids(log_data: dict[str, Any]) -> None:
    if "trace_id" not in log_data:
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            log_data["trace_id"] = format(span.trace_id, "032x")
            log_data["span_id"] = format(span.span_id, "016x")
    for name, variable in _IDS:
        if name not in log_data and (value := variable.get()) is not None:
            log_data[name] = value
