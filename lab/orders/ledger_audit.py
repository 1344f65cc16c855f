"""The ledger audit compares every accepted order with its document, charge, stock and e-mail. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.orders.plan import Expectation
from lab.orders.records import Shelf
from lab.orders.sender import Sent

FINAL = ("confirmed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant and the orders (or products, or keys) that break it."""

    invariant: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The input of the audit. ``orders`` and ``charges`` are documents, ``mails`` counts e-mails by order."""

    sent: Sequence[Sent]
    orders: Sequence[Mapping[str, Any]]
    charges: Sequence[Mapping[str, Any]]
    mails: Mapping[str, int]
    before: Shelf
    after: Shelf
    scarce: str
    scarce_stock: int


def audit(found: Evidence) -> list[Violation]:
    """Return every broken invariant; none if nothing was lost or done twice."""
    checks = {
        **_promises(found),
        **_ends(found),
        **_charges(found),
        **_stock(found),
        **_mails(found),
    }
    return [Violation(what, tuple(sorted(ids))) for what, ids in checks.items() if ids]


def _promises(found: Evidence) -> dict[str, set[str]]:
    promised = {one.order_id for one in found.sent if one.order_id is not None}
    kept = {order["_id"] for order in found.orders}
    per_key = Counter(order["idempotency_key"] for order in found.orders)
    per_id = Counter(one.order_id for one in found.sent if one.order_id is not None)
    return {
        "every order was eventually accepted (202)": {one.wish.key for one in found.sent if one.order_id is None},
        "every accepted order is in the database": promised - kept,
        "every order in the database was accepted": kept - promised,
        "one order for each Idempotency-Key": {key for key, count in per_key.items() if count > 1},
        "one Idempotency-Key for each order": {order for order, count in per_id.items() if count > 1},
    }


def _ends(found: Evidence) -> dict[str, set[str]]:
    wished = {one.order_id: one.wish.end for one in found.sent if one.order_id is not None}
    wrong: dict[str, set[str]] = defaultdict(set)
    for order in found.orders:
        status, reason, end = order["status"], order.get("reason"), wished.get(order["_id"])
        if status not in FINAL:
            wrong[f"every order reaches a final state (still {status})"].add(order["_id"])
        elif status == "failed" and not reason:
            wrong["a failed order has a reason"].add(order["_id"])
        elif end is Expectation.DECLINED and reason != "payment_declined":
            wrong["an order above the limit is declined"].add(order["_id"])
        elif end is Expectation.CONFIRMED and status != "confirmed":
            wrong[f"an order that can be fulfilled is confirmed ({reason or status})"].add(order["_id"])
        elif end is Expectation.SCARCE and status != "confirmed" and reason != f"out_of_stock:{found.scarce}":
            wrong[f"an order of the scarce product is confirmed or out of stock ({reason or status})"].add(order["_id"])
        if order.get("dead_letter"):
            wrong["there is no dead letter"].add(order["_id"])
    bought = _confirmed(o for o in found.orders if wished.get(o["_id"]) is Expectation.SCARCE)
    wanted = sum(end is Expectation.SCARCE for end in wished.values())
    if len(bought) != min(found.scarce_stock, wanted):
        wrong[f"the scarce product is sold out exactly ({len(bought)} of {found.scarce_stock})"].add(found.scarce)
    return wrong


def _charges(found: Evidence) -> dict[str, set[str]]:
    confirmed = _confirmed(found.orders)
    totals = {order["_id"]: order["total_cents"] for order in found.orders}
    approved = [charge for charge in found.charges if charge["status"] == "approved"]
    count = Counter(charge["order_id"] for charge in approved)
    return {
        "every confirmed order is charged": confirmed - count.keys(),
        "only confirmed orders are charged": set(count) - confirmed,
        "no order is charged twice": {order for order, times in count.items() if times > 1},
        "an order is charged its total": {
            charge["order_id"]
            for charge in approved
            if charge["order_id"] in totals and charge["amount_cents"] != totals[charge["order_id"]]
        },
    }


def _stock(found: Evidence) -> dict[str, set[str]]:
    def whole(shelf: Shelf, product: str) -> int:
        return shelf.stock.get(product, 0) + shelf.held.get(product, 0)

    sold: Counter[str] = Counter()
    for order in found.orders:
        if order["status"] == "confirmed":
            for line in order["lines"]:
                sold[line["product_id"]] += line["quantity"]
    held = {p: found.after.held.get(p, 0) - found.before.held.get(p, 0) for p in found.after.stock}
    return {
        "stock is never below zero": {product for product, pieces in found.after.stock.items() if pieces < 0},
        "stock before - sold = stock after": {
            product for product in found.before.stock if whole(found.before, product) != whole(found.after, product)
        },
        "only confirmed orders reserve stock": {product for product, pieces in held.items() if pieces != sold[product]},
    }


def _mails(found: Evidence) -> dict[str, set[str]]:
    confirmed = _confirmed(found.orders)
    ours = {order["_id"] for order in found.orders}
    return {
        "every confirmed order has an e-mail": {order for order in confirmed if not found.mails.get(order)},
        "no order has two e-mails": {order for order, count in found.mails.items() if order in ours and count > 1},
        "only confirmed orders have an e-mail": {order for order in found.mails if order in ours - confirmed},
    }


def _confirmed(orders: Iterable[Mapping[str, Any]]) -> set[str]:
    return {order["_id"] for order in orders if order["status"] == "confirmed"}
