"""Faults that use up a replica's resources while they are on, and release them afterwards."""

from __future__ import annotations

import logging

import pytest

from app.faults.burdens import MEGABYTE, MOST_MEGABYTES, Burdens
from glasshouse_observability import Telemetry
from tests.unit.faults.conftest import Clock
from tests.unit.faults.fakes import FakeFaults


@pytest.fixture
def faults() -> FakeFaults:
    return FakeFaults()


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def burdens(faults: FakeFaults, telemetry: Telemetry, clock: Clock) -> Burdens:
    return Burdens(faults, telemetry, clock)  # type: ignore[arg-type]


def live(burdens: Burdens, clock: Clock, seconds: float, step: float = 0.5) -> None:
    """Call ``look()`` as often as a process does."""
    for _ in range(round(seconds / step)):
        clock.now += step
        burdens.look()


def visits(telemetry: Telemetry) -> dict[str, float]:
    samples = [s for m in telemetry.registry.collect() for s in m.samples if s.name == "shop_campaign_visits_total"]
    return {s.labels["campaign"]: s.value for s in samples}


def test_off_leaves_nothing(
    burdens: Burdens, clock: Clock, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a fault no memory is held, no line is logged and no series is created."""
    live(burdens, clock, 10)
    assert (burdens.leaked_bytes, caplog.records, visits(telemetry)) == (0, [], {})


def test_memory_is_kept_up_to_a_bound_and_given_back(burdens: Burdens, clock: Clock, faults: FakeFaults) -> None:
    """The leak grows at the requested rate up to a bound that a replica survives, and is released afterwards."""
    faults.switch("memory-leak", per_second=4)
    live(burdens, clock, 5)
    assert burdens.leaked_bytes == 20 * MEGABYTE
    live(burdens, clock, 60)
    assert burdens.leaked_bytes == MOST_MEGABYTES * MEGABYTE
    faults.off("memory-leak")
    live(burdens, clock, 1)
    assert burdens.leaked_bytes == 0


@pytest.mark.parametrize("rate", [1, 3, 200])
def test_lines_are_written_at_the_rate(
    burdens: Burdens, clock: Clock, faults: FakeFaults, caplog: pytest.LogCaptureFixture, rate: int
) -> None:
    """Log lines are written at the requested rate, even below one per poll.

    All have the same event, which is one of the application's own.
    """
    faults.switch("log-flood", per_second=rate)
    with caplog.at_level(logging.INFO):
        live(burdens, clock, 10)
    assert len(caplog.records) == 10 * rate
    assert {record.__dict__["event"] for record in caplog.records} == {"basket.viewed"}


def test_a_process_that_slept_does_not_make_up_for_it(
    burdens: Burdens, clock: Clock, faults: FakeFaults, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that was suspended for an hour writes one second's worth of lines, not an hour's."""
    faults.switch("log-flood", per_second=10)
    with caplog.at_level(logging.INFO):
        live(burdens, clock, 3600, step=3600)
    assert len(caplog.records) == 10


def test_campaigns_are_lumped_together_by_the_guard(
    burdens: Burdens, clock: Clock, faults: FakeFaults, telemetry: Telemetry
) -> None:
    """The label guard keeps 100 campaigns by name, counts all others as ``other`` and counts the overflow."""
    faults.switch("label-explosion", per_second=100)
    live(burdens, clock, 5)
    counted = visits(telemetry)
    assert len(counted) == 101
    assert counted["other"] == 400
    labels = {"metric": "shop_campaign_visits_total", "label": "campaign"}
    assert telemetry.registry.get_sample_value("telemetry_label_overflow_total", labels) == 400
