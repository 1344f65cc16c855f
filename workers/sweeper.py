"""``python -m workers.sweeper``: enqueues accepted orders that no worker works on, and monitors orders and MongoDB."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import redis
from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry, Counter

from observability import Telemetry
from observability.mongo_up import MongoUp
from observability.settings import FromEnv, TelemetrySettings, setting
from observability.settings.kinds import Seconds
from observability.startup import starting
from shop.bootstrap import Instruments, new_shop
from shop.config import Settings
from shop.domain.errors import Unavailable
from workers.freshness import Freshness
from workers.watch import StoreGauges

_log = logging.getLogger("workers.sweeper")
RESTORE_EVERY = 15
"""Every so many sweeps the revocations are written into Redis again, in case it came back without them."""


@dataclass(frozen=True)
class SweeperSettings(FromEnv):
    """How often it sweeps (seconds).

    Together with the lease (30 s) it bounds how long an order is left alone when its worker dies: under a minute.
    """

    period: float = setting("SWEEP_SECONDS", Seconds(0.1, 20), 2.0, "the time between two sweeps (seconds)")


class Sweeper:
    """Sweeps every ``period`` seconds until stopped; a dependency that is down is logged once and tried again."""

    def __init__(
        self,
        sweep: Callable[[], int],
        measure: Callable[[], None],
        restore: Callable[[], int],
        registry: CollectorRegistry,
        period: float,
    ) -> None:
        self._sweep, self._measure, self._restore, self._period = sweep, measure, restore, period
        self._found = Counter("shop_orders_reenqueued_total", "Orders that were enqueued again", registry=registry)
        self._sweeps = Counter("shop_sweeper_runs_total", "Sweeps by outcome", ["outcome"], registry=registry)
        for outcome in ("done", "unavailable"):
            self._sweeps.labels(outcome)
        self._down = False
        self._count = 0

    def run(self, stop: threading.Event) -> None:
        """Sweep until ``stop`` is set."""
        while not stop.wait(self._period):
            self.once()

    def once(self) -> None:
        """One sweep. An idle one leaves no span: a trace every two seconds that says nothing hides the others."""
        try:
            with suppress_instrumentation():
                found = self._sweep()
                self._measure()
                if self._count % RESTORE_EVERY == 0:
                    self._restore()
                self._count += 1
        except (Unavailable, redis.RedisError) as error:
            self._sweeps.labels("unavailable").inc()
            if not self._down:
                _log.warning("cannot sweep: %s", error, extra={"event": "sweeper.unavailable"})
            self._down = True
            return
        self._down = False
        self._sweeps.labels("done").inc()
        if found:
            self._found.inc(found)
            _log.warning(
                "enqueued %d waiting orders again", found, extra={"event": "sweeper.enqueued", "orders": found}
            )


def main() -> int:
    """Sweep until SIGTERM. Returns the exit status; a wrong setting exits with 78."""
    with starting("sweeper") as reader:
        settings, own = reader.settings(Settings), reader.settings(SweeperSettings)
        reader.settings(TelemetrySettings)
    telemetry = Telemetry.start(service="sweeper")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    shop = new_shop(settings, Instruments.install(telemetry))
    gauges = StoreGauges(shop.orders, shop.mongo_client, telemetry.registry)
    freshness = Freshness(shop.orders, telemetry.registry)
    mongo_up = MongoUp(settings.mongo_url, telemetry.registry)

    def sweep() -> int:
        # First: orders are late also while Redis, which sweeping needs, is away.
        freshness.check()
        return shop.sweep_orders()

    _log.info("sweeper ready", extra={"event": "sweeper.ready"})
    Sweeper(sweep, gauges.measure, shop.revocations.restore, telemetry.registry, own.period).run(stop)
    mongo_up.close()
    shop.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
