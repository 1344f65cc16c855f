"""The connection pools of MongoDB clients: the wait for a connection, and the number of connections.

pymongo's events provide the same, with three objects and thirty calls for each operation. So our subclass of the pool
measures the wait where it happens, and connections are counted at a scrape. (``_pool_class`` is pymongo's hook for
other parts of a client; a test compares the figures with the driver's events.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from weakref import ref

from pymongo.errors import WaitQueueTimeoutError
from pymongo.synchronous.pool import Connection, Pool

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.metrics.prometheus_internals import is_shared


class Pools:
    """The pools of all clients with one name; pymongo calls it like the class of a pool.

    ``pools_of`` returns it.
    """

    def __init__(self, metrics: DatabaseMetrics, name: str) -> None:
        self.observe_wait = metrics.wait.labels(name).observe
        self.count_timeout = metrics.timeouts.labels(name).inc
        self._pools: tuple[ref[ObservedPool], ...] = ()
        self._lock = threading.Lock()
        self._idle, self._used = (metrics.connections.labels(name, state) for state in ("idle", "used"))
        self._new: type[ObservedPool] = ObservedPool
        if is_shared(self._idle):
            # Other processes read these numbers from a file at any time, so they are written whenever they change.
            self._new = SharedPool
        else:
            self._idle.set_function(self._count_idle)
            self._used.set_function(self._count_used)

    def __call__(self, address: Any, options: Any, is_sdam: bool = False, client_id: Any = None) -> Pool:
        """Return a pool for pymongo; one that only monitors a server (``is_sdam``) is not observed."""
        if is_sdam:
            return Pool(address, options, is_sdam, client_id)
        pool = self._new(address, options, is_sdam, client_id)
        pool.pools = self
        with self._lock:
            self._pools = *(known for known in self._pools if known() is not None), ref(pool)
        return pool

    def write(self) -> None:
        """Write the current number of connections."""
        with self._lock:
            self._idle.set(self._count_idle())
            self._used.set(self._count_used())

    def _count_idle(self) -> int:
        return sum(len(pool.conns) for pool in self._alive())

    def _count_used(self) -> int:
        return sum(pool.active_sockets for pool in self._alive())

    def _alive(self) -> Iterator[ObservedPool]:
        return (pool for known in self._pools if (pool := known()) is not None)


def pools_of(metrics: DatabaseMetrics, name: str) -> Pools:
    """Return the pools with that name; ``metrics`` has one object per name, because they are counted together."""
    known = metrics.pools.get(name)
    if not isinstance(known, Pools):
        known = metrics.pools[name] = Pools(metrics, name)
    return known


class ObservedPool(Pool):
    """A pool that observes how long each operation waited for a connection."""

    pools: Pools

    def _get_conn(self, checkout_started_time: float, handler: Any = None) -> Connection:
        try:
            connection = super()._get_conn(checkout_started_time, handler)
        except WaitQueueTimeoutError:
            self.pools.count_timeout()
            raise
        self.pools.observe_wait(time.monotonic() - checkout_started_time)
        return connection


class SharedPool(ObservedPool):
    """An observed pool that also writes the number of connections whenever it may have changed."""

    def _get_conn(self, checkout_started_time: float, handler: Any = None) -> Connection:
        try:
            return super()._get_conn(checkout_started_time, handler)
        finally:
            self.pools.write()

    def checkin(self, conn: Connection) -> None:
        """Reset the pool and write the number of connections; see ``Pool``."""
        super().checkin(conn)
        self.pools.write()

    def remove_stale_sockets(self, reference_generation: int) -> None:
        """Maintain the connections, which the driver does about once a second; see ``Pool``."""
        super().remove_stale_sockets(reference_generation)
        self.pools.write()
