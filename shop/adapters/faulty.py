"""Faults of the shop: adapters that behave like broken ones.

``shop.bootstrap`` wires them only if faults are configured.
"""

from __future__ import annotations

import logging
import os
import signal
import smtplib
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace

from faults.marking import mark
from faults.watch import Faults
from shop.adapters.cache import TwoLevelCache
from shop.adapters.cache_entry import Entry, Load
from shop.adapters.mail import Connect
from shop.domain.order import Order
from shop.ports import Payments

_log = logging.getLogger("faults")


class PoisonJob(RuntimeError):
    """An injected defect: the fault poison-job."""


def die() -> None:
    """Kill this process immediately, as the kernel does when memory is exhausted."""
    os.kill(os.getpid(), signal.SIGKILL)


class FaultyPayments:
    """``ports.Payments`` for worker-crash and poison-job."""

    def __init__(self, payments: Payments, faults: Faults, die: Callable[[], None] = die) -> None:
        self._payments, self._faults, self._die = payments, faults, die

    def charge(self, order: Order) -> str:
        """Charge, unless the order is poisoned; then possibly kill the process before the order records the charge."""
        poison = self._faults.active("poison-job")
        # Chosen by the order's id, not at random: a poison job fails at each attempt.
        if poison is not None and poison.hits(lambda: zlib.crc32(order.id.encode()) / 2**32):
            # A separate span: the job's span belongs to the worker, which gets no data from this process here.
            with trace.get_tracer("faults").start_as_current_span("fault poison-job"):
                mark("poison-job")
                raise PoisonJob("fault poison-job")
        charge_id = self._payments.charge(order)
        crash = self._faults.active("worker-crash")
        if crash is not None and order.attempts <= 1 and crash.hits():
            # Only the log line: spans and counts of a process that dies are lost.
            fields = {"event": "fault.injected", "fault_injected": "worker-crash", "order_id": order.id}
            _log.warning("fault worker-crash: this process ends now", extra=fields)
            self._die()
        return charge_id


def mail_connection(faults: Faults, connect: Connect) -> Connect:
    """The context manager that lends connections to the mail server; it refuses while email-down is on."""

    def lent(host: str, port: int, patience: float) -> AbstractContextManager[smtplib.SMTP]:
        fault = faults.active("email-down")
        if fault is not None and fault.hits():
            mark("email-down")
            raise ConnectionRefusedError("fault email-down")
        return connect(host, port, patience)

    return lent


class FaultyCache(TwoLevelCache):
    """A cache for cache-off and cache-stampede."""

    def __init__(self, faults: Faults, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._faults = faults

    def get(self, key: str, load: Load) -> Entry:
        """Return the value of ``key``; see ``TwoLevelCache``."""
        if self._faults.active("cache-off") is not None:
            mark("cache-off")
            return self._load(key, load, None)
        stampede = self._faults.active("cache-stampede")
        if stampede is None:
            return super().get(key, load)
        # Entries that were created before the latest tick of this clock have expired, for all processes at the same
        # moment. No process renewed them early, and none waits for the load of another.
        period = stampede.number("milliseconds") / 1000
        stroke = self._clock() // period * period
        entry, result = self.local(key), "local_hit"
        if entry is None or entry.made_at < stroke:
            entry, result = self._shared([key])[0], "hit"
        if entry is None or entry.made_at < stroke:
            mark("cache-stampede")
            return self._load(key, load, entry)
        return self._counted(result, self._keep(key, entry))

    def get_many(self, keys: Sequence[str], loads: Sequence[Load]) -> list[Entry]:
        """Return the values of several keys, one by one while a fault is on."""
        if self._faults.active("cache-off") is None and self._faults.active("cache-stampede") is None:
            return super().get_many(keys, loads)
        return [self.get(key, load) for key, load in zip(keys, loads, strict=True)]
