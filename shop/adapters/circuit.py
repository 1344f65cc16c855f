"""A circuit breaker whose state is shared by every process, in Redis (Michael Nygard, "Release It!").

A breaker in a work horse's memory would know what this one has learned, and die with it. pybreaker can share its state
too, but fails at construction while Redis is down.

Closed: calls go through. ``threshold`` failures in a row open it for ``open_seconds``: calls fail at once. Then one
call is let through as a trial (half open); it closes the circuit by its success or opens it again by its failure.
Without Redis the circuit counts as closed: each call then pays its own time limit.
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
    """What becomes of a call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpen(Exception):
    """The call was not made; ``retry_after`` seconds from now it may be."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"open for another {retry_after:.1f} s")
        self.retry_after = retry_after


class Circuit:
    """Around the calls to one dependency, ``name``."""

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
        # One hash tag: in a Redis Cluster the keys of a circuit live together.
        self._failures, self._until = f"{{circuit:{name}}}:failures", f"{{circuit:{name}}}:open_until"
        self._trial = f"{{circuit:{name}}}:trial"

    def call(self, function: Callable[[], T], failures: tuple[type[Exception], ...]) -> T:
        """``function()``; exceptions of the types ``failures`` count against the circuit. Raises ``CircuitOpen``."""
        was, spotless = self._admit()
        try:
            answer = function()
        except failures:
            self._failed(was)
            raise
        except Exception:
            # The dependency answered, if with a refusal: it is up.
            if not spotless:
                self._succeeded(was)
            raise
        if not spotless:
            self._succeeded(was)
        return answer

    def state(self) -> CircuitState:
        """The state now. Raises ``redis.RedisError``."""
        until = self._client.get(self._until)
        if until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if float(until) > self._clock() else CircuitState.HALF_OPEN

    def _admit(self) -> tuple[CircuitState, bool]:
        """The state, and whether nothing has failed of late, so that a success has nothing to forgive."""
        try:
            until, failures = self._client.mget(self._until, self._failures)
            if until is None:
                return CircuitState.CLOSED, failures is None
            left = float(until) - self._clock()
            if left > 0:
                raise CircuitOpen(left)
            # One trial at a time; its key ends by itself should the process that tries be killed.
            if not self._client.set(self._trial, 1, nx=True, px=int(self._open * 1000)):
                raise CircuitOpen(self._open / 2)
            return CircuitState.HALF_OPEN, False
        except redis.RedisError as error:
            _log.debug("circuit %s is taken for closed: %s", self.name, error)
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
                # Many calls may be under way when it opens: the one that reaches the threshold reports it.
                if was is CircuitState.HALF_OPEN or count == self._threshold:
                    self._report(CircuitState.OPEN, logging.WARNING)
        except redis.RedisError as error:
            _log.debug("circuit %s did not note a failure: %s", self.name, error)

    def _succeeded(self, was: CircuitState) -> None:
        try:
            closed = self._client.delete(self._failures, self._until, self._trial)
        except redis.RedisError as error:
            _log.debug("circuit %s did not note a success: %s", self.name, error)
            return
        if was is CircuitState.HALF_OPEN and closed:
            self._report(CircuitState.CLOSED, logging.INFO)

    def _report(self, state: CircuitState, level: int) -> None:
        extra = {"event": f"circuit.{state}", "circuit": self.name, "circuit_state": str(state)}
        _log.log(level, "circuit %s is %s", self.name, state, extra=extra)
        trace.get_current_span().add_event(f"circuit.{state}", {"circuit.name": self.name})


class CircuitCollector(Collector):
    """``circuit_breaker_state{circuit,state}``: 1 for the state that it is in; absent while Redis does not answer."""

    def __init__(self, circuits: list[Circuit], registry: CollectorRegistry) -> None:
        self._circuits = circuits
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The name alone, so that registering asks nothing of Redis."""
        return (self._family(),)

    def collect(self) -> Iterable[Metric]:
        """Ask Redis."""
        family = self._family()
        with suppress_instrumentation():
            for circuit in self._circuits:
                try:
                    now = circuit.state()
                except redis.RedisError as error:
                    _log.debug("the state of circuit %s cannot be read: %s", circuit.name, error)
                    continue
                for state in CircuitState:
                    family.add_metric([circuit.name, state], float(state is now))
        return (family,)

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily("circuit_breaker_state", "The state of a circuit breaker", labels=["circuit", "state"])
