"""``python -m lab.trickle``: send traffic until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import random
import signal
import sys
import threading
import time

from glasshouse_observability import Telemetry
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import starting
from lab.trickle.outage import Outage
from lab.trickle.settings import Settings
from lab.trickle.shop import HttpShop, requests_counter
from lab.trickle.shopper import Shopper

STOP_SECONDS = 3.0

log = logging.getLogger("lab.trickle")


def main() -> int:
    """Send traffic until SIGTERM or SIGINT. A wrong setting exits with 78."""
    with starting("traffic") as reader:
        settings = reader.settings(Settings)
        reader.settings(TelemetrySettings)
    telemetry = Telemetry.start("traffic")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    counter = requests_counter(telemetry.registry)
    rng = random.Random()  # noqa: S311  (it decides what to look at, not what to keep secret)
    outage = Outage(time.monotonic, rng)
    shoppers = [
        Shopper(HttpShop(settings.api_url, counter), outage, stop.wait, rng, settings.pace, settings.api_url)
        for _ in range(settings.shoppers)
    ]
    # Daemon threads: a request in flight must not delay the exit for longer than STOP_SECONDS.
    threads = [threading.Thread(target=shopper.run, daemon=True) for shopper in shoppers]
    for thread in threads:
        thread.start()
    log.info("started %d shoppers for %s", len(threads), settings.api_url, extra={"event": "traffic.started"})
    stop.wait()
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    log.info("stopped the generated traffic", extra={"event": "traffic.stopped"})
    telemetry.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
