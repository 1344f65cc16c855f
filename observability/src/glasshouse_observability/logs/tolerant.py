"""The fields of a log line from a record with any values in it.

Every part of the record is read on its own. A part that cannot be read or encoded is replaced, and its field is named
in the field ``telemetry_repaired``; all other fields are as usual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from glasshouse_observability.exceptions import exception_fields
from glasshouse_observability.field_names import IDENTITY, REPAIRED, STANDARD, put, shown_as
from glasshouse_observability.redaction import RedactionPolicy
from glasshouse_observability.redaction_text import Redaction
from glasshouse_observability.safe import LONGEST_TEXT, PLAIN, Repair, free_name, safe_text, type_name

LONGEST_LINE = 256 * 1024
"""Bytes. Collectors cut longer lines, which then are no JSON; OpenTelemetry's Collector does so at 1 MiB."""
_SHORTER = (LONGEST_TEXT, 4096, 256)
"""Limits on each text of a line, in characters; the next one applies while the line is too long."""
_MOST_MARKS = 100


class TolerantFields:
    """The fields of one line; ``who`` are the fields that name the service."""

    def __init__(self, who: Mapping[str, str], policy: RedactionPolicy) -> None:
        self._fields: dict[str, Any] = {}
        self._who, self._policy = who, policy
        self.repaired: list[str] = []

    def add_record(self, record: logging.LogRecord, timestamp: str, ids: Mapping[str, str]) -> None:
        """Add all fields of the record's line."""
        self._fields["timestamp"] = timestamp
        message: Any = record.msg
        given = message if issubclass(type(message), dict) and not record.args else None
        self.add_identity(record.levelname, record.name, "" if given is not None else self._message(record))
        if given is not None:
            self.add(given)
        attributes = list(record.__dict__.items())
        self.add({name: value for name, value in attributes if not (type(name) is str and name in STANDARD)})
        for name, value in ids.items():
            put(self._fields, name, value)
        for name, value in self._exception(record).items():
            put(self._fields, name, value)
        if record.stack_info is not None:
            put(self._fields, "stack_info", self._converted("stack_info", record.stack_info))

    def add_identity(self, level: object, logger: object, message: object) -> None:
        """Add the fields that no application sets."""
        for name, value in (("level", level), ("logger", logger), ("message", message)):
            self._fields[name] = self._text(name, value)
        self._fields.update(self._who)

    def add(self, given: Mapping[Any, object]) -> None:
        """Add fields of the application; one whose name is taken gets another name."""
        for key, value in dict.items(given) if isinstance(given, dict) else given.items():
            name = shown_as(safe_text(key) or "(empty)")
            if name in self._fields:
                name = free_name(name, self._fields)
                self.repaired.append(name)
            self._fields[name] = self._converted(name, value)
            if type(key) is not str or not key or name != shown_as(key):
                self.repaired.append(name)

    def process(self, process: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replace the fields by what ``process`` returns for a copy of them; if it raises, they stay as they are."""
        try:
            given = dict(process(dict(self._fields)))
        except Exception as error:  # noqa: BLE001  (whatever code of the application raises)
            self._fields["process_log_record"] = f"<{type_name(type(error))}>"
            self.repaired.append("process_log_record")
            return
        unchanged = {name: value for name, value in given.items() if value is self._fields.get(name, self)}
        self._fields = {name: value for name, value in self._fields.items() if name in unchanged or name in IDENTITY}
        self.add({name: value for name, value in given.items() if name not in unchanged})

    def encoded(self) -> bytes:
        """Return the fields as JSON with a line break, of at most ``LONGEST_LINE`` bytes."""
        for longest in (None, *_SHORTER):
            if longest is not None:
                self._fields = {name: self._converted(name, value, longest) for name, value in self._fields.items()}
            line = orjson.dumps(self._marked(), None, orjson.OPT_APPEND_NEWLINE)
            if len(line) <= LONGEST_LINE:
                return line
        kept = {name: value for name, value in self._fields.items() if name in IDENTITY or name == "timestamp"}
        self.repaired = [f"(all of {len(self._fields)} fields)"]
        self._fields = kept
        return orjson.dumps(self._marked(), None, orjson.OPT_APPEND_NEWLINE)

    def _marked(self) -> dict[str, Any]:
        if not self.repaired:
            return self._fields
        return {**self._fields, REPAIRED: list(dict.fromkeys(self.repaired))[:_MOST_MARKS]}

    def _converted(self, name: str, value: object, longest: int = LONGEST_LINE) -> Any:
        repair = Redaction(self._policy, longest=longest)
        converted = repair.named(name, value)
        if repair.replaced:
            self.repaired.append(name)
        return converted

    def _text(self, name: str, value: object) -> str:
        repair = Redaction(self._policy, longest=LONGEST_LINE)
        text = repair.text(value)
        if repair.replaced:
            self.repaired.append(name)
        return text

    def _message(self, record: logging.LogRecord) -> object:
        try:
            return record.getMessage()
        except Exception:  # noqa: BLE001  (whatever code of the application raises)
            self.repaired.append("message")
        template, args = safe_text(record.msg), record.args
        printable = (
            {key: _printable(value) for key, value in args.items()}
            if isinstance(args, Mapping)
            else tuple(map(_printable, args if isinstance(args, tuple) else (args,)))
        )
        try:
            return template % printable
        except Exception:  # noqa: BLE001  (the template does not fit its arguments)
            return f"{template} (arguments: {safe_text(printable)})"

    def _exception(self, record: logging.LogRecord) -> dict[str, Any]:
        found: Any = record.exc_info
        if issubclass(type(found), BaseException):
            found = (type(found), found, found.__traceback__)
        if type(found) is tuple and len(found) == 3 and issubclass(type(found[1]), BaseException):
            fields, replaced = exception_fields(found[1], found[2])
            self.repaired.extend(replaced)
            return {name: self._text(name, value) for name, value in fields.items()}
        if type(found) is tuple and found[:2] == (None, None):
            found = None
        if found is not None and found is not False:
            self.repaired.append("exception_message")
            return {"exception_message": self._text("exception_message", found)}
        # A handler that formatted the exception may have removed it from the record.
        text = record.exc_text
        return {} if text is None else {"exception_stacktrace": self._text("exception_stacktrace", text)}


def _printable(value: Any) -> Any:
    """Return an argument of a message that ``%`` can format, whichever way it does."""
    repair = Repair()
    if type(value) in PLAIN:
        return value
    text = repair.text(value)
    try:
        repr(value)
    except Exception:  # noqa: BLE001  (whatever code of the application raises)
        return text
    return text if repair.replaced else value
