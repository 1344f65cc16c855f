"""Names of the fields of a log line, and which of them an application may set.

The identity of a line (its time, level, logger, message, service and instance) never comes from ``extra`` or ``note``:
such a field is written with the prefix ``extra_``.
"""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS

from glasshouse_observability.redaction import RedactionPolicy

REPAIRED = "telemetry_repaired"
"""The field that lists the fields of its line in which a value was replaced."""
IDENTITY = frozenset({"timestamp", "level", "logger", "message", "service", "instance", REPAIRED})
EXCEPTION = ("exception_type", "exception_message", "exception_stacktrace")
IDS = ("trace_id", "span_id", "request_id", "job_id")
OF_REQUESTS = frozenset(
    {
        *IDENTITY,
        *EXCEPTION,
        *IDS,
        "event",
        "http_request_method",
        "http_request_method_original",
        "error_type",
        "http_route",
        "http_response_status_code",
        "duration_seconds",
        "trace_sampled",
        "sampling_reason",
    }
)
"""The fields of a request's line that a note never overwrites."""

STANDARD = frozenset({*RESERVED_ATTRS, *logging.LogRecord("", 0, "", 0, "", None, None).__dict__})
"""The attributes that every record has, which are no fields of the application."""
_MOST_NAMES = 4096


def shown_as(name: str, reserved: frozenset[str] = IDENTITY) -> str:
    """Return the name of an application's field in its line."""
    return f"extra_{name}" if name in reserved else name


def put(fields: dict[str, Any], name: str, value: object) -> None:
    """Set a field that only this library may set; a different value that an application gave it gets the prefix."""
    given = fields.get(name)
    if given is not None and not (type(given) is type(value) and given == value):
        fields[f"extra_{name}"] = given
    fields[name] = value


class FieldNames(dict[str, str]):
    """The name in the line of each attribute of a record, or ``""`` for an attribute that the line does not contain.

    A dictionary, because one look-up for each attribute is the main cost of a line. Names for which ``is_secret`` is
    true are not shown; they are collected in ``secret``.

    Raises:
        TypeError: a name is not a text or is empty; the caller then formats the record the tolerant way.
    """

    def __init__(self, policy: RedactionPolicy) -> None:
        super().__init__()
        self._policy = policy
        self.secret: dict[str, str] = {}

    def __missing__(self, name: str) -> str:
        if type(name) is not str or not name:
            raise TypeError("not a name of a field")
        if len(self) > _MOST_NAMES:
            self.clear()
            self.secret.clear()
        shown = "" if name in STANDARD else shown_as(name)
        if shown and self._policy.is_secret(name):
            self.secret[name] = shown
            shown = ""
        self[name] = shown
        return shown
