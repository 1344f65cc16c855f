"""The audit: balanced ledgers pass, and each broken invariant is reported with the IDs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.chaos.report import Spread
from lab.orders.ledger_audit import Evidence, audit
from lab.orders.plan import Expectation, Wish
from lab.orders.records import Shelf
from lab.orders.sender import Sent

LAMP, KETTLE = "lamp", "kettle"


def sent(number: int, end: Expectation, product: str = LAMP) -> Sent:
    one = Sent(Wish(f"drill-{number}", ((product, 2),), None, end), due=0.0, attempts=1)
    one.order_id, one.promised_at = f"ord_{number}", 0.5
    return one


def order(number: int, status: str, reason: str | None = None, product: str = LAMP) -> dict[str, Any]:
    document = {
        "_id": f"ord_{number}",
        "idempotency_key": f"drill-{number}",
        "status": status,
        "lines": [{"product_id": product, "quantity": 2}],
        "total_cents": 100,
    }
    return {**document, "reason": reason} if reason else document


def charge(number: int, status: str = "approved", amount: int = 100) -> dict[str, Any]:
    return {"order_id": f"ord_{number}", "status": status, "amount_cents": amount}


@dataclass
class Case:
    """Four orders with the expected results: one confirmed, one declined, and two for the only kettle."""

    sent: list[Sent] = field(
        default_factory=lambda: [
            sent(1, Expectation.CONFIRMED),
            sent(2, Expectation.DECLINED),
            sent(3, Expectation.SCARCE, KETTLE),
            sent(4, Expectation.SCARCE, KETTLE),
        ]
    )
    orders: list[dict[str, Any]] = field(
        default_factory=lambda: [
            order(1, "confirmed"),
            order(2, "failed", "payment_declined"),
            order(3, "confirmed", product=KETTLE),
            order(4, "failed", "out_of_stock:kettle", KETTLE),
        ]
    )
    charges: list[dict[str, Any]] = field(default_factory=lambda: [charge(1), charge(2, "declined"), charge(3)])
    mails: dict[str, int] = field(default_factory=lambda: {"ord_1": 1, "ord_3": 1})
    after: Shelf = field(default_factory=lambda: Shelf({LAMP: 8, KETTLE: 0}, {LAMP: 5, KETTLE: 2}))

    def broken(self) -> dict[str, tuple[str, ...]]:
        before = Shelf({LAMP: 10, KETTLE: 2}, {LAMP: 3})
        evidence = Evidence(self.sent, self.orders, self.charges, self.mails, before, self.after, KETTLE, 1)
        return {one.invariant: one.ids for one in audit(evidence)}


def test_balanced_ledgers_pass() -> None:
    """Balanced ledgers have no violation, whatever stock earlier orders held."""
    assert Case().broken() == {}


def test_a_lost_order_is_reported() -> None:
    """A promised order that is not in the database is reported."""
    case = Case()
    del case.orders[0]
    assert case.broken()["every accepted order is in the database"] == ("ord_1",)


def test_an_order_without_its_promise_is_reported() -> None:
    """An order without its promise is reported by its key, because it has no ID."""
    case = Case()
    case.sent[0].order_id = None
    broken = case.broken()
    assert broken["every order was eventually accepted (202)"] == ("drill-1",)
    assert broken["every order in the database was accepted"] == ("ord_1",)


def test_a_key_with_two_orders_is_reported() -> None:
    """A key with two orders is reported, because idempotency is broken."""
    case = Case()
    case.orders.append({**order(5, "confirmed"), "idempotency_key": "drill-1"})
    assert case.broken()["one order for each Idempotency-Key"] == ("drill-1",)


@pytest.mark.parametrize(
    ("document", "invariant"),
    [
        (order(1, "paid"), "every order reaches a final state (still paid)"),
        (order(1, "failed"), "a failed order has a reason"),
        (order(1, "failed", "payment_declined"), "an order that can be fulfilled is confirmed (payment_declined)"),
        ({**order(1, "confirmed"), "dead_letter": {"reason": "x"}}, "there is no dead letter"),
    ],
)
def test_an_end_that_should_not_be_is_reported(document: dict[str, Any], invariant: str) -> None:
    """An order that is stuck, failed without a valid reason or dead-lettered is reported."""
    case = Case()
    case.orders[0] = document
    assert case.broken()[invariant] == ("ord_1",)


def test_an_order_above_the_limit_must_be_declined() -> None:
    """An order above the limit that was confirmed is reported, because it must be declined."""
    case = Case()
    case.orders[1] = order(2, "confirmed")
    assert case.broken()["an order above the limit is declined"] == ("ord_2",)


def test_the_scarce_product_is_sold_out_exactly() -> None:
    """A scarce product that was sold once too often is reported."""
    case = Case()
    case.orders[3] = order(4, "confirmed", product=KETTLE)
    assert case.broken()["the scarce product is sold out exactly (2 of 1)"] == (KETTLE,)


@pytest.mark.parametrize(
    ("charges", "invariant", "who"),
    [
        ([charge(1)], "every confirmed order is charged", "ord_3"),
        ([charge(1), charge(3), charge(4)], "only confirmed orders are charged", "ord_4"),
        ([charge(1), charge(1), charge(3)], "no order is charged twice", "ord_1"),
        ([charge(1, amount=99), charge(3)], "an order is charged its total", "ord_1"),
    ],
)
def test_a_wrong_charge_is_reported(charges: list[dict[str, Any]], invariant: str, who: str) -> None:
    """A missing, additional, duplicate or wrong charge is reported."""
    assert Case(charges=charges).broken() == {invariant: (who,)}


@pytest.mark.parametrize(
    ("after", "invariants"),
    [
        (Shelf({LAMP: 7, KETTLE: 0}, {LAMP: 5, KETTLE: 2}), {"stock before - sold = stock after"}),
        (Shelf({LAMP: 6, KETTLE: 0}, {LAMP: 7, KETTLE: 2}), {"only confirmed orders reserve stock"}),
        (
            Shelf({LAMP: -1, KETTLE: 0}, {LAMP: 5, KETTLE: 2}),
            {"stock before - sold = stock after", "stock is never below zero"},
        ),
    ],
)
def test_stock_that_does_not_add_up_is_reported(after: Shelf, invariants: set[str]) -> None:
    """Stock that is lost, held by an unconfirmed order or below zero is reported by product."""
    broken = Case(after=after).broken()
    assert set(broken) == invariants
    assert set(broken.values()) == {(LAMP,)}


@pytest.mark.parametrize(
    ("mails", "invariant", "who"),
    [
        ({"ord_1": 1}, "every confirmed order has an e-mail", "ord_3"),
        ({"ord_1": 1, "ord_3": 2}, "no order has two e-mails", "ord_3"),
        ({"ord_1": 1, "ord_3": 1, "ord_4": 1}, "only confirmed orders have an e-mail", "ord_4"),
    ],
)
def test_a_wrong_mail_is_reported(mails: dict[str, int], invariant: str, who: str) -> None:
    """A missing e-mail, a second one and one for a failed order are reported."""
    assert Case(mails=mails).broken() == {invariant: (who,)}


def test_mails_of_others_are_ignored() -> None:
    """E-mails about alerts and about orders of other runs are ignored."""
    case = Case()
    case.mails["ord_99"] = 3
    assert case.broken() == {}


def test_spread_of_few_times() -> None:
    """The spread of no times and of one time is calculated without an error."""
    assert Spread.of([]) == Spread(0.0, 0.0, 0.0)
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0)
    assert Spread.of([1.0, 2.0, 3.0]).most == 3.0
