"""A circuit breaker whose state is shared by every process, in Redis (Michael Nygard, "Release It!").

A breaker in a work horse's memory would count only the failures of that process, and lose them when it exits. pybreaker
can share its state too, but its constructor fails while Redis is down.

Closed: calls are made. ``threshold`` failures in a row open the circuit for ``open_seconds``: calls fail immediately.
Then one call is made as a trial (half open): its success closes the circuit, its failure opens it again. Without Redis
the circuit counts as closed, so each call runs until its own time limit.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

import redis
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

T = TypeVar("T")
_log = logging.getLogger("shop.circuit")


class CircuitState(StrEnum):
    """The decision about a call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpen(Exception):
    """The call was not made; it may be made ``retry_after`` seconds from now."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"open for another {retry_after:.1f} s")
        self.retry_after = retry_after


class Circuit:
    """A circuit breaker for the calls to one dependency, ``name``."""

    def __init__(
        self,
        name: str,
        client: redis.Redis,
        threshold: int = 5,
        open_seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name, self._client, self._clock = name, client, clock
        self._threshold, self._open = threshold, open_seconds
        # One hash tag, so that a Redis Cluster stores the keys of a circuit on one node.
        self._failures, self._until = f"{{circuit:{name}}}:failures", f"{{circuit:{name}}}:open_until"
        self._trial = f"{{circuit:{name}}}:trial"

    def call(self, function: Callable[[], T], failures: tuple[type[Exception], ...]) -> T:
        """Return ``function()``; exceptions of the types ``failures`` count against the circuit.

        Raises ``CircuitOpen``.
        """
        was, spotless = self._admit()
        try:
            answer = function()
        except failures:
            self._failed(was)
            raise
        except Exception:
            # The dependency responded, although it rejected the call: it is up.
            if not spotless:
                self._succeeded(was)
            raise
        if not spotless:
            self._succeeded(was)
        return answer

    def state(self) -> CircuitState:
        """Return the current state. Raises ``redis.RedisError``."""
        until = self._client.get(self._until)
        if until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if float(until) > self._clock() else CircuitState.HALF_OPEN

    def _admit(self) -> tuple[CircuitState, bool]:
        """Return the state, and whether there are no recent failures, so that a success has none to reset."""
        try:
            until, failures = self._client.mget(self._until, self._failures)
            if until is None:
                return CircuitState.CLOSED, failures is None
            left = float(until) - self._clock()
            if left > 0:
                raise CircuitOpen(left)
            # One trial at a time; its key expires if the process that makes the trial is killed.
            if not self._client.set(self._trial, 1, nx=True, px=int(self._open * 1000)):
                raise CircuitOpen(self._open / 2)
            return CircuitState.HALF_OPEN, False
        except redis.RedisError as error:
            _log.debug("circuit %s is assumed to be closed: %s", self.name, error)
            return CircuitState.CLOSED, False

    def _failed(self, was: CircuitState) -> None:
        try:
            with self._client.pipeline() as pipe:
                pipe.incr(self._failures)
                pipe.expire(self._failures, 60)
                count = pipe.execute()[0]
            if was is CircuitState.HALF_OPEN or count >= self._threshold:
                with self._client.pipeline() as pipe:
                    pipe.set(self._until, self._clock() + self._open)
                    pipe.delete(self._trial)
                    pipe.execute()
                # Many calls may be in progress when it opens: the one that reaches the threshold reports it.
                if was is CircuitState.HALF_OPEN or count == self._threshold:
                    self._report(CircuitState.OPEN, logging.WARNING)
        except redis.RedisError as error:
            _log.debug("circuit %s did not record a failure: %s", self.name, error)

    def _succeeded(self, was: CircuitState) -> None:
        try:
            closed = self._client.delete(self._failures, self._until, self._trial)
        except redis.RedisError as error:
            _log.debug("circuit %s did not record a success: %s", self.name, error)
            return
        if was is CircuitState.HALF_OPEN and closed:
            self._report(CircuitState.CLOSED, logging.INFO)

    def _report(self, state: CircuitState, level: int) -> None:
        extra = {"event": f"circuit.{state}", "circuit": self.name, "circuit_state": str(state)}
        _log.log(level, "circuit %s is %s", self.name, state, extra=extra)
        trace.get_current_span().add_event(f"circuit.{state}", {"circuit.name": self.name})


class CircuitCollector(Collector):
    """``circuit_breaker_state{circuit,state}``: 1 for the current state; absent while Redis does not respond."""

    def __init__(self, circuits: list[Circuit], registry: CollectorRegistry) -> None:
        self._circuits = circuits
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Return only the name, so that registration sends no request to Redis."""
        return (self._family(),)

    def collect(self) -> Iterable[Metric]:
        """Read the state from Redis."""
        family = self._family()
        with suppress_instrumentation():
            for circuit in self._circuits:
                try:
                    now = circuit.state()
                except redis.RedisError as error:
                    _log.debug("cannot read the state of circuit %s: %s", circuit.name, error)
                    continue
                for state in CircuitState:
                    family.add_metric([circuit.name, state], float(state is now))
        return (family,)

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily("circuit_breaker_state", "State of a circuit breaker", labels=["circuit", "state"])
