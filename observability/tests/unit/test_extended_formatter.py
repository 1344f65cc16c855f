"""A subclass of the formatter may process the fields, as python-json-logger documents."""

from __future__ import annotations

import json
import logging
from typing import Any

from pythonjsonlogger.core import BaseJsonFormatter

from glasshouse_observability.field_names import REPAIRED
from glasshouse_observability.logs.formatter import JsonFormatter


def line(formatter: type[JsonFormatter], **extra: Any) -> dict[str, Any]:
    """Return the fields of one line."""
    record = logging.getLogger("shop").makeRecord("shop", logging.INFO, "f.py", 1, "hello", (), None, extra=extra)
    fields: dict[str, Any] = json.loads(formatter("api", "api-1").line(record))
    return fields


class Extended(JsonFormatter):
    """Adds a field, removes one, changes one, and tries to change the identity."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data |= {"team": "orders", "password": "hunter2", "odd": "\ud800", "service": "other"}
        log_data["order_id"] = log_data["order_id"].upper()
        del log_data["removed"]
        return log_data


class Broken(JsonFormatter):
    """Raises an error for each line."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError


def test_it_is_a_formatter_of_python_json_logger() -> None:
    """Code that looks for python-json-logger's formatters finds this one."""
    assert isinstance(JsonFormatter("api", "api-1"), BaseJsonFormatter)


def test_a_subclass_adds_changes_and_removes_fields() -> None:
    """The fields that it returns are in the line, redacted and repaired; the identity of the line stays."""
    fields = line(Extended, order_id="ord_1", removed=1, kept=2)
    assert fields | {"timestamp": ""} == {
        "timestamp": "",
        "level": "INFO",
        "logger": "shop",
        "message": "hello",
        "service": "api",
        "instance": "api-1",
        "kept": 2,
        "order_id": "ORD_1",
        "team": "orders",
        "password": "REDACTED",
        "odd": "\ufffd",
        "extra_service": "other",
        REPAIRED: ["odd"],
    }


def test_a_subclass_that_raises_loses_no_line() -> None:
    """The line has all other fields, and names the error."""
    fields = line(Broken, order_id="ord_1")
    assert (fields["message"], fields["order_id"]) == ("hello", "ord_1")
    assert fields["process_log_record"] == "<ZeroDivisionError>"
    assert fields[REPAIRED] == ["process_log_record"]
