"""Measurements that one process makes for the whole shop: the backlog, dead letters, stock, and replication."""

from __future__ import annotations

import logging
from typing import Any

from prometheus_client import CollectorRegistry, Gauge
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from shop.ports import Orders
from shop.services import Clock, utc_now

_log = logging.getLogger("workers.sweeper")
PRIMARY, SECONDARY = 1, 2


class StoreGauges:
    """Gauges that are set at each sweep. A value that cannot be read stays unchanged; the failed sweep is counted."""

    def __init__(
        self, orders: Orders, client: MongoClient[dict[str, Any]], registry: CollectorRegistry, clock: Clock = utc_now
    ) -> None:
        self._orders, self._client, self._clock = orders, client, clock
        self._unfinished = Gauge("shop_orders_unfinished", "Accepted orders that are not finished", registry=registry)
        self._oldest = Gauge(
            "shop_orders_oldest_unfinished_seconds",
            "Age of the oldest accepted order that is not final; 0 if there is none",
            registry=registry,
        )
        self._mails = Gauge(
            "shop_mails_waiting", "Confirmed orders whose confirmation mail has not been sent", registry=registry
        )
        self._dead = Gauge("shop_dead_letters", "Dead-lettered orders, which no worker processes", registry=registry)
        self._lag = Gauge(
            "mongodb_replication_lag_seconds",
            "Seconds that a member is behind the primary, 0 for the primary; absent without permission to read it",
            ["member"],
            registry=registry,
        )
        self._members = Gauge("mongodb_members", "Members of the replica set, by state", ["state"], registry=registry)
        self._denied = False

    def measure(self) -> None:
        """Update the gauges. Raises ``DatabaseUnavailable``."""
        backlog = self._orders.backlog(self._clock())
        self._unfinished.set(backlog.unfinished)
        self._mails.set(backlog.mails_waiting)
        self._oldest.set(backlog.oldest_seconds)
        self._dead.set(backlog.dead_letters)
        self._look_at_members()

    def _look_at_members(self) -> None:
        try:
            members = self._client.admin.command("replSetGetStatus")["members"]
        except PyMongoError as error:
            if not self._denied:
                _log.warning("cannot read the state of the replica set: %s", type(error).__name__)
            self._denied = True
            return
        self._lag.clear()
        for member, seconds in replication_lags(members).items():
            self._lag.labels(member).set(seconds)
        for name, state in (("primary", PRIMARY), ("secondary", SECONDARY)):
            self._members.labels(name).set(sum(member["state"] == state for member in members))
        self._members.labels("other").set(sum(member["state"] not in (PRIMARY, SECONDARY) for member in members))


def replication_lags(members: list[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds between the primary's last operation and each member's, by name; empty without a primary.

    This is MongoDB's own definition (``rs.printSecondaryReplicationInfo``). An idle primary writes a no-op every ten
    seconds, so values up to ten seconds are normal.
    """
    primary = next((member["optimeDate"] for member in members if member["state"] == PRIMARY), None)
    if primary is None:
        return {}
    return {
        str(member["name"]): max(0.0, (primary - member["optimeDate"]).total_seconds())
        for member in members
        if member["state"] in (PRIMARY, SECONDARY)
    }
