"""A shopper over time: pace, outages and the end."""

from __future__ import annotations

import logging
import random
from typing import Any

import pytest

from lab.trickle.outage import LONGEST_SECONDS, Outage
from lab.trickle.shop import Answer, ShopIsDown
from lab.trickle.shopper import DEFECT_SECONDS, Shopper


class Shop:
    """A shop that can be down or have a defect."""

    def __init__(self) -> None:
        self.is_down = False
        self.defect: Exception | None = None
        self.asked = 0

    def get(self, path: str) -> Answer:
        """Return an empty list of products, or fail."""
        self.asked += 1
        if self.defect:
            raise self.defect
        if self.is_down:
            raise ShopIsDown("ConnectionError")
        return Answer(200, {"items": []})

    def post(self, path: str, body: Any) -> Answer:
        """Fail the test, because there is no product to order."""
        raise AssertionError(path)


class Life:
    """A shopper that records its rests, runs the test's plans and stops after a number of rests."""

    def __init__(self, rests: int, pace: float = 1.0) -> None:
        self.shop, self.left, self.now = Shop(), rests, 0.0
        self.rests: list[float] = []
        self.plans: dict[int, Any] = {}
        rng = random.Random(1)
        outage = Outage(lambda: self.now, rng)
        self.shopper = Shopper(self.shop, outage, self.rest, rng, pace, "http://shop")

    def rest(self, seconds: float) -> bool:
        """Advance the clock; return True at the end."""
        self.rests.append(seconds)
        self.now += seconds
        self.plans.get(len(self.rests), lambda: None)()
        return len(self.rests) >= self.left


def test_a_shopper_visits_until_it_is_stopped() -> None:
    """A shopper makes one visit after another, rests after each step, and sends no request after the end."""
    life = Life(rests=10)
    life.shopper.run()
    assert (len(life.rests), life.shop.asked) == (10, 9)


def test_a_shopper_that_is_stopped_at_once_makes_no_visit() -> None:
    """A shopper that is stopped at once makes no visit."""
    life = Life(rests=1)
    life.shopper.run()
    assert life.shop.asked == 0


def test_the_pace_divides_the_pauses() -> None:
    """The pace divides the pauses, so that at pace 2 the same shopper rests half as long."""
    slow, fast = Life(rests=20), Life(rests=20, pace=2.0)
    slow.shopper.run()
    fast.shopper.run()
    assert sum(fast.rests) == pytest.approx(sum(slow.rests) / 2)


def test_an_outage_is_one_line_and_ever_longer_rests(caplog: pytest.LogCaptureFixture) -> None:
    """An outage logs one warning, and the rests grow up to a maximum, each with jitter."""
    caplog.set_level(logging.INFO)
    life = Life(rests=40)
    life.shop.is_down = True
    life.shopper.run()
    waits = life.rests[1:]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "http://shop" in caplog.text
    assert waits[0] <= 1.0
    assert all(wait <= LONGEST_SECONDS for wait in waits)
    assert min(waits[6:]) >= LONGEST_SECONDS / 2
    assert len({round(wait, 6) for wait in waits}) == len(waits)


def test_the_end_of_an_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The end of an outage is logged once with its duration.

    The usual pauses return, and the next outage is logged again.
    """
    caplog.set_level(logging.INFO)
    life = Life(rests=40)
    life.shop.is_down = True
    life.plans = {
        5: lambda: setattr(life.shop, "is_down", False),
        20: lambda: setattr(life.shop, "is_down", True),
    }
    life.shopper.run()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]
    assert "responds again after" in caplog.records[1].message


def test_several_shoppers_share_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    """Several shoppers log one line for one outage."""
    outage = Outage(lambda: 0.0, random.Random(1))
    for _ in range(5):
        outage.failed(1, "ConnectionError", "http://shop")
    outage.succeeded()
    outage.succeeded()
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_a_defect_is_logged_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    """A defect is logged, and the shopper continues slowly.

    A shopper that stopped because of a defect would look like a quiet shop.
    """
    life = Life(rests=3)
    life.shop.defect = ZeroDivisionError("defect")
    life.shopper.run()
    assert life.rests[1:] == [DEFECT_SECONDS, DEFECT_SECONDS]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert caplog.records[0].exc_info is not None
