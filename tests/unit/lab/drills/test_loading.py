"""The counts of the light load, the outcomes of its orders, and the search in traces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.drills.spec.model import SpanWanted
from lab.drills.traffic.hits import Hit, Hits
from lab.drills.traffic.settling import summed
from lab.drills.watch.servers import fits
from lab.orders.plan import Expectation, Wish
from lab.orders.sender import Sent

START = datetime(2026, 11, 24, tzinfo=UTC)


def test_the_tally() -> None:
    """5xx responses and missing responses count as failed.

    Responses that NGINX sends in place of the API are counted separately.
    """
    hits = Hits()
    for at, status, by_api in (
        (1, 200, True),
        (2, 500, True),
        (3, 502, False),
        (4, 0, False),
        (5, 404, True),
        (9, 500, True),
    ):
        hits.add(Hit(float(at), status, at / 10, by_api))
    tally = hits.tally(1.0, 5.0)
    assert (tally.requests, tally.failed, tally.answered, tally.answered_failed) == (5, 3, 3, 1)
    assert (tally.ratio, tally.answered_ratio, tally.slowest) == (0.6, pytest.approx(1 / 3), 0.5)
    assert tally.statuses == {"200": 1, "404": 1, "500": 1, "502": 1, "no response": 1}
    assert hits.tally(20.0, 30.0).ratio == 0.0


def order(number: int, status: str, seconds: float, **more: Any) -> dict[str, Any]:
    ended = {"status": status, "at": START + timedelta(seconds=seconds)}
    return {"_id": f"o{number}", "status": status, "created_at": START, "history": [ended], **more}


def sent(number: int, is_promised: bool = True) -> Sent:
    one = Sent(Wish(f"k{number}", (("lamp", 1),), None, Expectation.CONFIRMED), due=0.0)
    one.order_id = f"o{number}" if is_promised else None
    return one


def test_what_became_of_the_orders() -> None:
    """An order is delayed if it took more than 30 s or never ended.

    It is lost if it was promised and is neither final nor dead-lettered.
    """
    orders = [
        order(1, "confirmed", 2),
        order(2, "confirmed", 31),
        order(3, "failed", 5),
        order(4, "paid", 9),
        order(5, "pending", 0, dead_letter=True),
    ]
    found = summed([sent(number) for number in range(1, 7)], orders, ["charged twice: o1"])
    assert (found.placed, found.confirmed, found.failed, found.dead_letters) == (6, 2, 1, 1)
    # Order 4 has no end, order 5 is a dead letter, and order 6 does not exist.
    assert (found.lost, found.delayed, found.slowest) == (2, 4, 31.0)
    assert found.violations == ("charged twice: o1",)


SPAN = {
    "processID": "p1",
    "operationName": "check repeats",
    "duration": 2_500_000,
    "tags": [{"key": "mongodb.plan", "value": "COLLSCAN"}, {"key": "http.response.status_code", "value": 503}],
}
FAILED = {**SPAN, "tags": [{"key": "error", "value": True}]}


def trace(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"spans": list(spans), "processes": {"p1": {"serviceName": "payments"}, "p2": {"serviceName": "worker"}}}


@pytest.mark.parametrize(
    ("wanted", "is_there"),
    [
        (SpanWanted(service="payments"), True),
        (SpanWanted(service="worker"), False),
        (SpanWanted(service="worker", of="payments"), True),
        (SpanWanted(service="payments", name="^check"), True),
        (SpanWanted(service="payments", name="^repeats"), False),
        (SpanWanted(service="payments", longer_than=2), True),
        (SpanWanted(service="payments", longer_than=3), False),
        (SpanWanted(service="payments", attributes={"mongodb.plan": "COLLSCAN"}), True),
        (SpanWanted(service="payments", attributes={"mongodb.plan": "IXSCAN"}), False),
        (SpanWanted(service="payments", attributes={"http.response.status_code": "503"}), True),
        (SpanWanted(service="payments", attributes={"nothing": ""}), False),
        (SpanWanted(service="payments", failed=True), False),
        (SpanWanted(service="payments", failed=False), True),
    ],
)
def test_spans(wanted: SpanWanted, is_there: bool) -> None:
    """One span must match all conditions; two spans that each match some of them do not."""
    assert fits(wanted, trace(SPAN)) is is_there


def test_one_span_fits_all() -> None:
    """A failure and a query plan must be on one span, not on two."""
    wanted = SpanWanted(service="payments", failed=True, attributes={"mongodb.plan": "COLLSCAN"})
    assert not fits(wanted, trace(SPAN, FAILED))
    assert fits(wanted, trace({**SPAN, "tags": SPAN["tags"] + FAILED["tags"]}))
