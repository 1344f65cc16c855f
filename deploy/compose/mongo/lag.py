"""``python -m deploy.compose.mongo.lag``: export the replication lag of each member in seconds.

As in MongoDB's ``rs.printSecondaryReplicationInfo()``, the lag is the time of the primary's last operation minus that
of the member's. An idle primary writes a no-op every 10 s, so the lag may show up to 10 s without a real delay.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.compose.mongo.settings import FIRST, PASSWORDS, SET, User, url
from glasshouse_observability import Telemetry
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import starting

LAG = "mongodb_replication_lag_seconds"
STATE = "mongodb_replication_member_healthy"


def lags(status: dict[str, Any]) -> dict[str, float]:
    """Return the lag in seconds of each secondary that responds. The result is empty without a primary."""
    primary = next((member for member in status["members"] if member["stateStr"] == "PRIMARY"), None)
    if primary is None:
        return {}
    return {
        member["name"]: max(0.0, (primary["optimeDate"] - member["optimeDate"]).total_seconds())
        for member in status["members"]
        if member["stateStr"] == "SECONDARY" and "optimeDate" in member
    }


class Members(Collector):
    """Collects the state of the set at each scrape."""

    def __init__(self, client: MongoClient[dict[str, Any]]) -> None:
        self._client = client

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield both gauges, without series if the set cannot be reached."""
        lag = GaugeMetricFamily(LAG, "Seconds that a secondary is behind the primary", labels=["member"])
        healthy = GaugeMetricFamily(STATE, "1 if the member is primary or secondary", labels=["member"])
        try:
            status = self._client.admin.command("replSetGetStatus")
        except PyMongoError:
            status = {"members": []}
        for member, seconds in lags(status).items():
            lag.add_metric([member], seconds)
        for member in status["members"]:
            healthy.add_metric([member["name"]], float(member["stateStr"] in ("PRIMARY", "SECONDARY")))
        yield lag
        yield healthy


def main() -> int:
    """Serve until a signal stops the process."""
    with starting("mongo-lag") as reader:
        reader.settings(TelemetrySettings)
        monitor = User("monitor", reader.value(PASSWORDS["monitor"]), ())
    telemetry = Telemetry.start("mongo-lag")
    options: dict[str, Any] = {"replicaSet": SET, "serverSelectionTimeoutMS": 1500}
    client: MongoClient[dict[str, Any]] = MongoClient(url(FIRST, monitor, readPreference="primaryPreferred", **options))
    telemetry.registry.register(Members(client))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    telemetry.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
