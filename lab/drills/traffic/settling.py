"""The steps after a load: resend orders without a response, wait until all orders are final, audit the ledgers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.errors import PyMongoError
from requests import RequestException

from lab.clients.running_stack import RunningStack
from lab.clients.shop import ShopClient
from lab.drills.interfaces import Orders
from lab.orders.ledger_audit import FINAL, Evidence, audit
from lab.orders.records import Document, Ledgers, Mailbag, Shelf
from lab.orders.sender import Sender, Sent

AGAIN_RATE, AGAIN_SECONDS = 10.0, 60.0
LOOK_SECONDS = 0.5
DELAYED_SECONDS = 30.0
"""The limit of the objective on order freshness (alerts/slos.yaml)."""
# If other clients also place orders, stock cannot be attributed to this load.
OURS_ALONE = ("stock", "scarce", "hold")


@dataclass
class Begun:
    """The ledgers when the load began."""

    prefix: str
    at: datetime
    shelf: Shelf
    mailbag: Mailbag

    @classmethod
    def now(cls, instance: RunningStack, prefix: str) -> Begun:
        """Read the ledgers."""
        ledgers = Ledgers(instance.mongo_url)
        try:
            shelf = ledgers.shelf()
        finally:
            ledgers.close()
        return cls(prefix, datetime.now(UTC), shelf, Mailbag(instance.url("console")))


def settle(instance: RunningStack, begun: Begun, sent: Sequence[Sent], seconds: float, alone: bool) -> Orders:
    """Wait at most ``seconds`` for final orders, then audit. Raises ``PyMongoError`` or ``RequestException``."""
    placed = [one for one in sent if one.order_id is not None]
    asked = [one.wish for one in sent if one.order_id is None]
    if asked:
        # With the same idempotency key, a customer whose response was lost gets the existing order, not a second one.
        sender = Sender(instance.url("nginx"), threads=16)
        placed += [one for one in sender.send(asked, AGAIN_RATE, AGAIN_SECONDS, lambda: None) if one.order_id]
    ledgers = Ledgers(instance.mongo_url)
    try:
        _await_ends(ledgers, begun, seconds)
        begun.mailbag.look()
        orders = ledgers.orders(begun.prefix)
        evidence = Evidence(
            placed, orders, ledgers.charges(begun.at), begun.mailbag.per_order, begun.shelf, ledgers.shelf(), "", 0
        )
        if not alone:
            ids = {order["_id"] for order in orders}
            evidence = _only(evidence, ids)
    finally:
        ledgers.close()
    broken = [
        f"{one.invariant}: {', '.join(one.ids[:3])}"
        for one in audit(evidence)
        if one.ids != ("",) and (alone or not any(word in one.invariant for word in OURS_ALONE))
    ]
    return summed(placed, orders, broken)


def summed(placed: Sequence[Sent], orders: Sequence[Document], broken: Sequence[str]) -> Orders:
    """Count the orders by outcome."""
    ends = [
        (order["history"][-1]["at"] - order["created_at"]).total_seconds()
        for order in orders
        if order["status"] in FINAL
    ]
    promised = {str(one.order_id) for one in placed}
    final = {order["_id"] for order in orders if order["status"] in FINAL}
    dead = {order["_id"] for order in orders if order.get("dead_letter")}
    return Orders(
        placed=len(promised),
        confirmed=sum(order["status"] == "confirmed" for order in orders),
        delayed=sum(end > DELAYED_SECONDS for end in ends) + len(promised - final),
        failed=sum(order["status"] == "failed" for order in orders),
        dead_letters=len(dead),
        lost=len(promised - final - dead),
        slowest=round(max(ends, default=0.0), 1),
        violations=tuple(broken),
    )


def _only(evidence: Evidence, ids: set[str]) -> Evidence:
    charges = [charge for charge in evidence.charges if charge["order_id"] in ids]
    return Evidence(evidence.sent, evidence.orders, charges, evidence.mails, evidence.before, evidence.after, "", 0)


def retry_dead_letters(instance: RunningStack, begun: Begun) -> int:
    """Retry the load's dead letters. Returns their number."""
    ledgers = Ledgers(instance.mongo_url)
    try:
        dead = [order["_id"] for order in ledgers.orders(begun.prefix) if order.get("dead_letter")]
    finally:
        ledgers.close()
    ShopClient(instance).retry(dead)
    return len(dead)


def _await_ends(ledgers: Ledgers, begun: Begun, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            begun.mailbag.look()
            if not sum(ledgers.unfinished(begun.prefix).values()):
                return
        except (PyMongoError, RequestException):
            # The fault may not be cleared yet. The audit reports the result.
            pass
        time.sleep(LOOK_SECONDS)
