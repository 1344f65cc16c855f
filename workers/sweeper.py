"""``python -m workers.sweeper``: enqueue accepted orders that no worker processes; monitor orders and MongoDB."""

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

from glasshouse_observability import Telemetry
from glasshouse_observability.mongo.up import MongoUp
from glasshouse_observability.settings import FromEnv, TelemetrySettings, setting
from glasshouse_observability.settings.kinds import Seconds
from glasshouse_observability.startup import starting
from shop.bootstrap import Instruments, new_shop
from shop.config import Settings
from shop.domain.errors import Unavailable
from workers.freshness import Freshness
from workers.watch import StoreGauges

_log = logging.getLogger("workers.sweeper")
RESTORE_EVERY = 15
"""Number of sweeps after which the revocations are written into Redis again, in case it restarted without them."""


@dataclass(frozen=True)
class SweeperSettings(FromEnv):
    """Seconds between sweeps.

    Together with the lease (30 s) it limits how long an order is not processed after its worker dies: under a minute.
    """

    period: float = setting("SWEEP_SECONDS", Seconds(0.1, 20), 2.0, "time between two sweeps (seconds)")


class Sweeper:
    """Sweep every ``period`` seconds until stopped; an unavailable dependency is logged once and retried."""

    def __init__(
        self,
        sweep: Callable[[], int],
        measure: Callable[[], None],
        restore: Callable[[], int],
        registry: CollectorRegistry,
        period: float,
    ) -> None:
        self._sweep, self._measure, self._restore, self._period = sweep, measure, restore, period
        self._found = Counter("shop_orders_reenqueued_total", "Orders enqueued again", registry=registry)
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
        """Sweep once. A sweep that finds nothing leaves no span: one trace every two seconds would hide the others."""
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
                _log.warning("sweep failed: %s", error, extra={"event": "sweeper.unavailable"})
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
    """Sweep until SIGTERM; return the exit status. A wrong setting exits with 78."""
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
        # First, because orders can be late also while Redis is unavailable, which sweeping requires.
        freshness.check()
        return shop.sweep_orders()

    _log.info("sweeper ready", extra={"event": "sweeper.ready"})
    Sweeper(sweep, gauges.measure, shop.revocations.restore, telemetry.registry, own.period).run(stop)
    mongo_up.close()
    shop.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
