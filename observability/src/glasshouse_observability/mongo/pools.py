"""The connection pools of MongoDB clients: the wait for a connection, and the number of connections.

pymongo's events provide the same, with three objects and thirty calls for each operation. So the wait is measured in
the pool's own method, and connections are counted at a scrape. (A test compares the figures with the driver's events.)
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from pymongo.errors import WaitQueueTimeoutError

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.metrics.prometheus_internals import is_shared
from glasshouse_observability.mongo import driver
from glasshouse_observability.wrapping.identity import IdentityMap
from glasshouse_observability.wrapping.patches import Method, Patches
from glasshouse_observability.wrapping.targets import Targets

_lock = threading.Lock()


def _new_lock() -> None:
    # The copied lock may be held by a thread that does not exist in the child.
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_new_lock)


class Pools:
    """The pools of the clients in ``targets``, counted together under one name."""

    def __init__(self, metrics: DatabaseMetrics, name: str, targets: Targets[Any]) -> None:
        self._observe_wait = metrics.wait.labels(name).observe
        self._count_timeout = metrics.timeouts.labels(name).inc
        self._targets, self._version = targets, targets.version
        self._observed: IdentityMap[Any, bool] = IdentityMap()
        """Whether a pool is observed; a pool is added when an operation takes a connection from it."""
        self._idle, self._used = (metrics.connections.labels(name, state) for state in ("idle", "used"))

    def wrap(self, patches: Patches) -> None:
        """Wrap the methods of the driver's pool."""
        patches.wrap(driver.Pool, driver.GET_CONNECTION, self._timed)
        if is_shared(self._idle):
            # Other processes read these numbers from a file at any time, so they are written whenever they change.
            for name in (driver.GET_CONNECTION, driver.CHECK_IN, "remove_stale_sockets"):
                patches.wrap(driver.Pool, name, self._written)
        else:
            self._idle.set_function(self._count_idle)
            self._used.set_function(self._count_used)

    def _timed(self, method: Method) -> Method:
        by_id, observe = self._observed.by_id, self._observe_wait

        def get_connection(pool: Any, /, *args: Any, **options: Any) -> Any:
            if self._version != self._targets.version or id(pool) not in by_id:
                self._decide(pool)
            if not by_id.get(id(pool)):
                return method(pool, *args, **options)
            started = time.perf_counter()
            try:
                connection = method(pool, *args, **options)
            except WaitQueueTimeoutError:
                self._count_timeout()
                raise
            observe(time.perf_counter() - started)
            return connection

        return get_connection

    def _decide(self, pool: Any) -> None:
        if self._version != self._targets.version:
            self._version = self._targets.version
            self._observed.clear()
        if driver.is_monitor(pool):
            self._observed[pool] = False
        elif self._targets.everything:
            self._observed[pool] = True
        else:
            # A pool does not refer to its client, but both have the same object with the options.
            clients = self._targets.exceptions.objects()
            client = next((one for one in clients if one.options.pool_options is pool.opts), None)
            self._observed[pool] = client in self._targets

    def _written(self, method: Method) -> Method:
        def changing(*args: Any, **options: Any) -> Any:
            try:
                return method(*args, **options)
            finally:
                with _lock:
                    self._idle.set(self._count_idle())
                    self._used.set(self._count_used())

        return changing

    def _count_idle(self) -> int:
        return sum(len(getattr(pool, driver.IDLE_CONNECTIONS)) for pool in self._pools())

    def _count_used(self) -> int:
        return sum(pool.active_sockets for pool in self._pools())

    def _pools(self) -> list[Any]:
        return [pool for pool in self._observed.objects() if self._observed.by_id.get(id(pool))]
