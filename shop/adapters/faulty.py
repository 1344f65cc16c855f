"""Faults of the shop: adapters that behave as broken ones do. ``shop.bootstrap`` wires them only if configured."""

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
    """A defect that is none: the fault poison-job."""


def die() -> None:
    """End this process at once, as the kernel does when memory is out."""
    os.kill(os.getpid(), signal.SIGKILL)


class FaultyPayments:
    """``ports.Payments`` for worker-crash and poison-job."""

    def __init__(self, payments: Payments, faults: Faults, die: Callable[[], None] = die) -> None:
        self._payments, self._faults, self._die = payments, faults, die

    def charge(self, order: Order) -> str:
        """Charge, unless the order is poison; then perhaps end the process before the order records the charge."""
        poison = self._faults.active("poison-job")
        # By the order, not by chance: a poison job fails each time that it is tried.
        if poison is not None and poison.hits(lambda: zlib.crc32(order.id.encode()) / 2**32):
            # A span of its own: the job's belongs to the worker, which does not hear of it from here.
            with trace.get_tracer("faults").start_as_current_span("fault poison-job"):
                mark("poison-job")
                raise PoisonJob("fault poison-job")
        charge_id = self._payments.charge(order)
        crash = self._faults.active("worker-crash")
        if crash is not None and order.attempts <= 1 and crash.hits():
            # Only the line: spans and counts of a process that dies are lost with it.
            fields = {"event": "fault.injected", "fault_injected": "worker-crash", "order_id": order.id}
            _log.warning("fault worker-crash: this process ends now", extra=fields)
            self._die()
        return charge_id


def mail_connection(faults: Faults, connect: Connect) -> Connect:
    """What lends connections to the mail server; refused while email-down is on."""

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
        """The value of ``key``; see ``TwoLevelCache``."""
        if self._faults.active("cache-off") is not None:
            mark("cache-off")
            return self._load(key, load, None)
        stampede = self._faults.active("cache-stampede")
        if stampede is None:
            return super().get(key, load)
        # What was made before the latest stroke of this clock has expired, for all processes at the same moment; no
        # process renewed it early, and none waits for another's load.
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
        """The values of several keys; one by one while a fault is on."""
        if self._faults.active("cache-off") is None and self._faults.active("cache-stampede") is None:
            return super().get_many(keys, loads)
        return [self.get(key, load) for key, load in zip(keys, loads, strict=True)]
