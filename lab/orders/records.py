"""Direct reads of the databases and the inbox, without the shop."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import MongoClient

from lab.clients.http import direct_session

Document = dict[str, Any]

HOLDS_STOCK = ("reserved", "paid", "confirmed")
PAGE = 1000
"""The number of items that the inbox shows at a time."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Stock by product and the reserved quantity of each product at the same time."""

    stock: dict[str, int]
    held: dict[str, int]


class Ledgers:
    """The databases of the shop and the payment service. Close it after use."""

    def __init__(self, mongo_url: str) -> None:
        self._client: MongoClient[Document] = MongoClient(
            mongo_url, tz_aware=True, serverSelectionTimeoutMS=5000, socketTimeoutMS=20_000
        )
        self._shop, self._payments = self._client["shop"], self._client["payments"]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def shelf(self) -> Shelf:
        """Return stock and reserved quantities from one snapshot, so that no item moves between the two reads."""
        with self._client.start_session(snapshot=True) as session:
            stock = {one["_id"]: one["stock"] for one in self._shop["products"].find({}, {"stock": 1}, session=session)}
            held: Counter[str] = Counter()
            of = {"status": {"$in": list(HOLDS_STOCK)}}
            for order in self._shop["orders"].find(of, {"lines": 1}, session=session):
                for line in order["lines"]:
                    held[line["product_id"]] += line["quantity"]
        return Shelf(stock, dict(held))

    def orders(self, prefix: str) -> list[Document]:
        """Return the orders whose Idempotency-Key has this prefix."""
        return list(self._shop["orders"].find(_begins(prefix)))

    def unfinished(self, prefix: str = "") -> Counter[str]:
        """Return the number of unfinished and dead-lettered orders by status."""
        query = {**_begins(prefix), "$or": [{"due_at": {"$exists": True}}, {"dead_letter": {"$exists": True}}]}
        groups = self._shop["orders"].aggregate([{"$match": query}, {"$group": {"_id": "$status", "n": {"$sum": 1}}}])
        return Counter({group["_id"]: group["n"] for group in groups})

    def charges(self, since: datetime) -> list[Document]:
        """Return the charges made since this time."""
        return list(self._payments["charges"].find({"created_at": {"$gte": since}}))


def _begins(prefix: str) -> Document:
    return {"idempotency_key": {"$gte": prefix, "$lt": f"{prefix}\x7f"}} if prefix else {}


class Mailbag:
    """E-mails that arrived in the console's inbox since the start. Poll often: it shows 1,000 at a time."""

    def __init__(self, console_url: str) -> None:
        self._url = f"{console_url}/api/inbox"
        newest = self._ask(limit=1)
        self._last = newest[0]["id"] if newest else 0
        self.per_order: Counter[str] = Counter()
        self.overrun = False
        """Whether more arrived between two polls than the inbox shows, which makes the count unreliable."""

    def look(self) -> None:
        """Read new items."""
        items = self._ask(limit=PAGE, kind="email", since=self._last)
        self.overrun |= len(items) == PAGE
        for item in items:
            self._last = max(self._last, item["id"])
            if item["order_id"]:
                self.per_order[item["order_id"]] += 1

    def _ask(self, **query: int | str) -> list[Document]:
        answer = direct_session().get(self._url, params=query, timeout=10)
        answer.raise_for_status()
        items: list[Document] = answer.json()["items"]
        return items


def duplicates(metrics_url: str) -> int:
    """Return the number of e-mails that the console has recognised as duplicates (its own metric)."""
    text = direct_session().get(f"{metrics_url}/metrics", timeout=10).text
    for line in text.splitlines():
        if line.startswith("console_inbox_received_total{") and 'outcome="duplicate"' in line:
            return int(float(line.rsplit(" ", 1)[1]))
    return 0
