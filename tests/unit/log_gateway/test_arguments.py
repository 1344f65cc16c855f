"""The parameters of Loki's API."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_gateway.api import arguments
from log_gateway.errors import GatewayError, LimitExceeded, QueryError

SECOND = 1_000_000_000
NOW = 1_795_726_800 * SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1795726800", NOW),
        ("1795726800000000001", NOW + 1),
        ("1795726800.25", NOW + SECOND // 4),
        ("1795726800.123456789", NOW + 123_456_789),
        ("0", 0),
        ("1.7957268e9", NOW),
        ("2026-11-26T21:00:00Z", NOW),
        ("2026-11-26T22:00:00.000000001+01:00", NOW + 1),
    ],
)
def test_times(text: str, expected: int) -> None:
    """Times may be seconds, nanoseconds, decimals or RFC 3339, and are exact to the nanosecond."""
    assert arguments.time_of(text, "start") == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01T00:00:00Z", "1e400", "nan", "99999999999999999999", "2026-11-26"]
)
def test_wrong_times_are_refused(text: str) -> None:
    """An invalid time is refused with the name of the parameter."""
    with pytest.raises(QueryError, match="start="):
        arguments.time_of(text, "start")


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_time(text: str) -> None:
    """Any text is either a time or refused."""
    with contextlib.suppress(QueryError):
        assert isinstance(arguments.time_of(text, "end"), int)


def test_a_span_without_start_is_the_last_hour() -> None:
    """A span without a start begins one hour or ``since`` before its end, which is now by default."""
    assert arguments.span_of({}, NOW) == (NOW - 3600 * SECOND, NOW)
    assert arguments.span_of({"since": "5m"}, NOW) == (NOW - 300 * SECOND, NOW)
    with pytest.raises(QueryError, match="must not be before"):
        arguments.span_of({"start": "20", "end": "10"}, NOW)


def test_steps() -> None:
    """A step is a number of seconds or a duration, and gives about 250 points by default.

    A step that gives too many points is refused.
    """
    assert arguments.step_of({"step": "15"}, 0, NOW // 10**6, 11_000) == 15 * SECOND
    assert arguments.step_of({"step": "1m30s"}, 0, 3600 * SECOND, 11_000) == 90 * SECOND
    assert arguments.step_of({}, 0, 3600 * SECOND, 11_000) == 14 * SECOND
    for wrong in ("0", "-1s", "x"):
        with pytest.raises(GatewayError):
            arguments.step_of({"step": wrong}, 0, SECOND, 11_000)
    with pytest.raises(LimitExceeded, match="11,000 points"):
        arguments.step_of({"step": "1ms"}, 0, 3600 * SECOND, 11_000)


def test_limits_and_directions() -> None:
    """A limit above the maximum is refused, not clamped."""
    assert arguments.limit_of({}, 100, 5000) == 100
    with pytest.raises(LimitExceeded, match="5001 > 5000"):
        arguments.limit_of({"limit": "5001"}, 100, 5000)
    for wrong in ("0", "-1", "1.5", "x"):
        with pytest.raises(QueryError):
            arguments.limit_of({"limit": wrong}, 100, 5000)
    assert arguments.is_forward({"direction": "FORWARD"})
    assert not arguments.is_forward({})
    with pytest.raises(QueryError, match="direction"):
        arguments.is_forward({"direction": "sideways"})
