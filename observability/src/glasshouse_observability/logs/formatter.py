"""The JSON formatter: one object per line, with the ids that link it to its trace.

It is a formatter of python-json-logger. This module adds the identity of the process, the ids of the trace, request and
job, exceptions as fields instead of separate lines, redaction, and the tolerance of any value.

A line whose values are all plain is one call of the encoder. Any other record (exceptions, and values that JSON cannot
carry) takes the tolerant way of ``logs.tolerant``, which always returns a line.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from opentelemetry import trace
from pythonjsonlogger.orjson import OrjsonFormatter

from glasshouse_observability import context
from glasshouse_observability.field_names import REPAIRED, FieldNames
from glasshouse_observability.logs.lines import LineHandler
from glasshouse_observability.logs.tolerant import LONGEST_LINE, TolerantFields
from glasshouse_observability.redaction import DEFAULT_POLICY, REDACTED, RedactionPolicy
from glasshouse_observability.redaction_text import Searches
from glasshouse_observability.traces.unsampled import UnsampledSpan

_END = orjson.OPT_APPEND_NEWLINE
_LONG = 80
"""Characters. A longer text is searched for secrets even without ``=`` or ``:``; every JSON Web Token is longer."""


def _uncounted() -> None:
    """For a formatter whose repairs are not counted."""


class JsonFormatter(OrjsonFormatter):
    """Format a record as one JSON line: timestamp (UTC, microseconds), level, logger, message, ids, extra fields.

    No record makes it raise, and it leaves the record as it is. ``count_repair`` is called for each line in which a
    value had to be replaced. Fields and texts are redacted with ``policy``. As in python-json-logger, a subclass may
    add or change fields in ``process_log_record``; what it returns is redacted and repaired too.
    """

    def __init__(
        self,
        service: str,
        instance: str,
        policy: RedactionPolicy = DEFAULT_POLICY,
        count_repair: Callable[[], object] = _uncounted,
    ) -> None:
        super().__init__()
        self._is_extended = type(self).process_log_record is not OrjsonFormatter.process_log_record
        self._who = {"service": service, "instance": instance}
        self._second, self._second_shown = -1, ""
        self._policy = policy
        self._names = FieldNames(policy)
        self._searches = Searches(policy)
        self._count_repair = count_repair
        unreadable = {"level": "ERROR", "message": "(a record that cannot be read)", **self._who, REPAIRED: ["message"]}
        self._unreadable = orjson.dumps(unreadable, None, _END)

    def line(self, record: logging.LogRecord) -> bytes:
        """Return the line with its line break."""
        try:
            line = b"" if self._is_extended else self._plain_line(record)
        except Exception:  # noqa: BLE001  (the tolerant way finds out which value it was, and marks it)
            line = b""
        if line and len(line) <= LONGEST_LINE:
            return line
        if type(record.msg) is FormattedLine:
            return f"{record.msg}\n".encode()
        try:
            found = TolerantFields(self._who, self._policy)
            found.add_record(record, self._moment_of(record), current_ids())
            if self._is_extended:
                found.process(self.process_log_record)
            return self._encoded(found)
        except Exception:  # noqa: BLE001  (the stack or the memory is exhausted)
            self._count_repair()
            return self._unreadable

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its line break."""
        return FormattedLine(self.line(record)[:-1].decode())

    def _plain_line(self, record: logging.LogRecord) -> bytes:
        """Return the line of a record without an exception and with plain values, or nothing for any other record."""
        if record.exc_info or record.exc_text or record.stack_info or type(record.msg) is not str:
            return b""
        message = record.getMessage() if record.args else record.msg
        if "=" in message or ":" in message or len(message) > _LONG:
            message = self._searches.redact(message)
        fields: dict[str, Any] = {
            # These fields come first because people read lines from the left.
            "timestamp": self.moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            **self._who,
        }
        names = self._names
        for name, value in record.__dict__.items():
            if shown := names[name]:
                kind = type(value)
                if kind is str:
                    if "=" in value or ":" in value or len(value) > _LONG:
                        value = self._searches.redact(value)
                elif kind is not int and kind is not bool and value is not None:
                    value = self._searches.plain(value)
                fields[shown] = value
        if names.secret:
            self._add_secret(fields, record)
        ids = current_ids()
        size = len(fields) + len(ids)
        fields.update(ids)
        if len(fields) != size:
            self._keep_given(fields, record, ids)
        return orjson.dumps(fields, None, _END)

    def _add_secret(self, fields: dict[str, Any], record: logging.LogRecord) -> None:
        for name, shown in self._names.secret.items():
            value = record.__dict__.get(name)
            if value is not None:
                fields[shown] = value if type(value) is bool else REDACTED

    def _keep_given(self, fields: dict[str, Any], record: logging.LogRecord, ids: Mapping[str, str]) -> None:
        """Add the values of ``extra`` that the ids of the context have replaced."""
        for name, value in ids.items():
            given = record.__dict__.get(name)
            if given is not None and given != value:
                fields[f"extra_{name}"] = given

    def head(self, level: int, logger: str, message: str, fields: dict[str, Any]) -> bytes:
        """Return the part of a line between its timestamp and the ``fields`` of ``complete``; callers may cache it."""
        found = TolerantFields(self._who, self._policy)
        found.add_identity(logging.getLevelName(level), logger, message)
        found.add(fields)
        return self._encoded(found)[1:-2]

    def complete(
        self, created: float, head: bytes, fields: dict[str, Any], notes: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the line with its line break.

        ``created`` is in Unix seconds. ``fields`` are at least one field of this library's own; ``notes`` are those of
        the application (``context.note``). None of their names is in ``head``.
        """
        try:
            rest = orjson.dumps({**fields, **self._noted(notes)} if notes else fields, None, _END)
        except Exception:  # noqa: BLE001  (the tolerant way finds out which value it was, and marks it)
            rest = b""
        if not rest or len(rest) > LONGEST_LINE:
            found = TolerantFields({}, self._policy)
            found.add(fields)
            found.add(notes or {})
            rest = self._encoded(found)
        return b'{"timestamp":"%b",%b,%b' % (self.moment(created).encode(), head, rest[1:])

    def _noted(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        searches = self._searches
        for name, value in notes.items():
            if self._policy.is_secret(name):
                shown[name] = REDACTED
            elif type(value) is str:
                shown[name] = searches.redact(value)
            else:
                shown[name] = value if type(value) is int else searches.plain(value)
        return shown

    def _encoded(self, found: TolerantFields) -> bytes:
        line = found.encoded()
        if found.repaired:
            self._count_repair()
        return line

    def _moment_of(self, record: logging.LogRecord) -> str:
        try:
            return self.moment(record.created)
        except (TypeError, ValueError, OverflowError, OSError):
            return self.moment(time.time())

    def moment(self, created: float) -> str:
        """Return ``created``, Unix seconds, as a timestamp for a line."""
        second, micros = divmod(round(created * 1e6), 1_000_000)
        # A local copy, because another thread may already have replaced it for the next second.
        known, shown = self._second, self._second_shown
        if known != second or not shown:
            shown = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second_shown, self._second = shown, second
        return f"{shown}.{micros:06d}Z"


class FormattedLine(str):
    """A line without its line break.

    ``logging.handlers.QueueHandler`` formats a record and makes the result its message. A formatter that finds such a
    message returns it as it is, so a line is not wrapped in another.
    """


def current_ids() -> dict[str, str]:
    """Return the ids of the current span, request and job, by the names of their fields."""
    ids = {}
    span = trace.get_current_span()
    if type(span) is UnsampledSpan:
        ids["trace_id"], ids["span_id"] = span.trace_id, span.span_id
    elif span is not trace.INVALID_SPAN:
        of_span = span.get_span_context()
        if of_span.is_valid:
            ids["trace_id"], ids["span_id"] = f"{of_span.trace_id:032x}", f"{of_span.span_id:016x}"
    if (request := context.request_id.get()) is not None:
        ids["request_id"] = request
    if (job := context.job_id.get()) is not None:
        ids["job_id"] = job
    return ids


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
