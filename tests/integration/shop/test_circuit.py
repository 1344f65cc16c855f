"""The circuit breaker, shared through a real Redis."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import redis
from prometheus_client import CollectorRegistry

from shop.adapters.circuit import Circuit, CircuitCollector, CircuitOpen, CircuitState
from tests.integration.conftest import Server


class Down(Exception):
    """The dependency does not respond."""


def fails() -> None:
    raise Down


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(redis_server: tuple[str, Server], clock: Clock) -> Callable[[], Circuit]:
    """Return another process's circuit, a new one for each call."""
    return lambda: Circuit("payments", redis.Redis.from_url(redis_server[0]), 3, 10.0, clock)


def open_it(circuit: Callable[[], Circuit]) -> None:
    for _ in range(3):
        with pytest.raises(Down):
            circuit().call(fails, (Down,))


def test_failures_in_a_row_open_it_for_every_process(circuit: Callable[[], Circuit]) -> None:
    """After failures in a row, the calls of all processes fail immediately, with the time after which to retry."""
    open_it(circuit)
    assert circuit().state() is CircuitState.OPEN
    with pytest.raises(CircuitOpen) as caught:
        circuit().call(lambda: pytest.fail("called"), (Down,))
    assert 0 < caught.value.retry_after <= 10


def test_a_success_in_between_forgives(circuit: Callable[[], Circuit]) -> None:
    """Only failures in a row count; a rejection by the dependency is a response."""
    for _ in range(5):
        with pytest.raises(Down):
            circuit().call(fails, (Down,))
        with pytest.raises(KeyError):
            circuit().call(lambda: {}["refused"], (Down,))
    assert circuit().state() is CircuitState.CLOSED


def test_one_trial_closes_or_opens_it_again(circuit: Callable[[], Circuit], clock: Clock) -> None:
    """Half open, one call among all processes is made; its result closes or opens the circuit."""
    open_it(circuit)
    clock.now += 11
    assert circuit().state() is CircuitState.HALF_OPEN

    def trial() -> str:
        with pytest.raises(CircuitOpen):
            circuit().call(lambda: "second", (Down,))
        return "first"

    assert circuit().call(trial, (Down,)) == "first"
    assert circuit().state() is CircuitState.CLOSED
    open_it(circuit)
    clock.now += 11
    with pytest.raises(Down):
        circuit().call(fails, (Down,))
    assert circuit().state() is CircuitState.OPEN


def test_its_state_is_a_metric_and_its_changes_are_log_lines(
    circuit: Callable[[], Circuit], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The state is a metric, and opening and closing log one line each."""
    registry = CollectorRegistry()
    CircuitCollector([circuit()], registry)

    def state(name: str) -> float | None:
        return registry.get_sample_value("circuit_breaker_state", {"circuit": "payments", "state": name})

    assert (state("closed"), state("open")) == (1, 0)
    with caplog.at_level(logging.INFO, "shop.circuit"):
        open_it(circuit)
        assert (state("closed"), state("open")) == (0, 1)
        clock.now += 11
        circuit().call(lambda: None, (Down,))
    assert [record.__dict__["event"] for record in caplog.records] == ["circuit.open", "circuit.closed"]


def test_without_redis_it_counts_as_closed(circuit: Callable[[], Circuit], redis_server: tuple[str, Server]) -> None:
    """Without Redis, every call is made and runs into its own time limit."""
    redis_server[1].kill()
    assert circuit().call(lambda: "through", (Down,)) == "through"
    with pytest.raises(Down):
        circuit().call(fails, (Down,))
