"""The sweeper and the jobs, without servers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from glasshouse_observability import WrongSetting
from shop.domain.errors import DatabaseUnavailable
from workers import jobs
from workers.sweeper import Sweeper, SweeperSettings
from workers.watch import replication_lags


def sweeper(sweep: Callable[[], int]) -> tuple[Sweeper, CollectorRegistry]:
    registry = CollectorRegistry()
    return Sweeper(sweep, lambda: None, lambda: 0, registry, 0.1), registry


def test_sweeps_and_finds_are_counted() -> None:
    """Sweeps and the orders that they found are counted."""
    one, registry = sweeper(lambda: 3)
    one.once()
    assert registry.get_sample_value("shop_orders_reenqueued_total") == 3
    assert registry.get_sample_value("shop_sweeper_runs_total", {"outcome": "done"}) == 1


def test_a_database_that_is_down_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Every failed sweep is counted, and only the first of an outage is logged."""
    answers = iter([DatabaseUnavailable("a"), DatabaseUnavailable("b"), 0, DatabaseUnavailable("c")])

    def sweep() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    one, registry = sweeper(sweep)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            one.once()
    assert registry.get_sample_value("shop_sweeper_runs_total", {"outcome": "unavailable"}) == 3
    assert len(caplog.records) == 2


def test_the_sweeper_stops_on_request() -> None:
    """A sweeper that is requested to stop ends at once, not after its period."""
    one, _ = sweeper(lambda: 0)
    stop = threading.Event()
    stop.set()
    one.run(stop)


@pytest.mark.parametrize("value", ["0", "61", "often"])
def test_a_senseless_period_is_refused(value: str) -> None:
    """The error for an invalid sweep period names the setting."""
    with pytest.raises(WrongSetting, match="SWEEP_SECONDS"):
        SweeperSettings.from_env({"SWEEP_SECONDS": value})


def test_a_job_outside_a_worker_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job outside a worker raises ``NotWired`` and does not fail on ``None`` later."""
    monkeypatch.setattr(jobs, "_new_shop", None)
    with pytest.raises(jobs.NotWired):
        jobs.fulfil_order("ord_1")


def test_the_lag_of_each_member_is_exposed() -> None:
    """The lag of each member behind the primary is exported; the primary's own lag is 0.

    A member that is down has no lag, and without a primary no member has one.
    """
    now = datetime(2026, 1, 1, tzinfo=UTC)
    primary = {"name": "a", "state": 1, "optimeDate": now}
    second = {"name": "b", "state": 2, "optimeDate": now - timedelta(seconds=3)}
    down = {"name": "c", "state": 8, "optimeDate": now - timedelta(days=1)}
    assert replication_lags([primary]) == {"a": 0.0}
    assert replication_lags([primary, second, down]) == {"a": 0.0, "b": 3.0}
    assert replication_lags([second]) == {}
