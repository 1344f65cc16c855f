"""Errors of the telemetry are counted always, logged rarely, and never raised."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import CollectorRegistry

from glasshouse_observability import Telemetry
from glasshouse_observability.swallowed import SwallowedErrors


def test_each_error_is_counted_and_one_per_place_and_minute_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each place has a count, and at most one line a minute, with the exception."""
    registry, now = CollectorRegistry(), [0.0]
    errors = SwallowedErrors(registry, lambda: now[0])
    for now[0] in (0.0, 1.0, 59.9, 60.0):
        for where in ("a", "b"):
            errors.count(where, ValueError("broken"))
    assert registry.get_sample_value("telemetry_errors_total", {"where": "a"}) == 4
    assert registry.get_sample_value("telemetry_errors_total", {"where": "b"}) == 4
    assert len(caplog.records) == 4
    assert all(record.exc_info and record.exc_info[0] is ValueError for record in caplog.records)
    assert [record.where for record in caplog.records] == ["a", "b"] * 2  # type: ignore[attr-defined]


def test_the_exception_that_is_being_handled_is_the_default(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """``Telemetry.swallowed`` logs the exception of the ``except`` block that calls it."""
    try:
        raise KeyError("lost")
    except KeyError:
        telemetry.swallowed("here")
    assert "KeyError: 'lost'" in caplog.text
    assert telemetry.registry.get_sample_value("telemetry_errors_total", {"where": "here"}) == 1


def test_a_handler_of_the_application_that_raises_is_counted(telemetry: Telemetry) -> None:
    """An application's log handler that raises, and even counts an error itself, does not break the caller."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            telemetry.swallowed("there")
            raise RuntimeError("no disk")

    handler = Raising()
    logging.getLogger().addHandler(handler)
    try:
        telemetry.swallowed("there", ValueError())
    finally:
        logging.getLogger().removeHandler(handler)
    assert telemetry.registry.get_sample_value("telemetry_errors_total", {"where": "there"}) == 2
    assert telemetry.registry.get_sample_value("telemetry_errors_total", {"where": "swallowed.log"}) == 1
