"""One visit of a shopper to a fake shop."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from lab.trickle.shop import Answer, ShopIsDown
from lab.trickle.visit import LONGEST_THINK_SECONDS, ORDERS, PRODUCTS, popular, visit

IDS = [f"product-{number}" for number in range(100)]


class FakeShop:
    """A shop with 100 products that confirms an order after it was read twice."""

    def __init__(self, **answers: Answer) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self._answers = answers
        self._looks = 0

    def get(self, path: str) -> Answer:
        """Return a list, an order, a product, or 404."""
        self.asked.append(("GET", path, None))
        if path.startswith(f"{PRODUCTS}?"):
            return self._answers.get("products", Answer(200, {"items": [{"id": one} for one in IDS]}))
        if path.startswith(f"{ORDERS}/"):
            self._looks += 1
            return self._answers.get("order", Answer(200, {"status": "confirmed" if self._looks > 1 else "pending"}))
        is_known = path.removeprefix(f"{PRODUCTS}/") in IDS
        return self._answers.get("product", Answer(200 if is_known else 404, {}))

    def post(self, path: str, body: Any) -> Answer:
        """Accept an order."""
        self.asked.append(("POST", path, body))
        return self._answers.get("placed", Answer(202, {"id": "ord_1"}))


def visits(count: int, seed: int = 1, **answers: Answer) -> tuple[list[FakeShop], list[float]]:
    """Make visits, each to its own shop; return the shops and all pauses."""
    rng = random.Random(seed)
    shops = [FakeShop(**answers) for _ in range(count)]
    return shops, [pause for shop in shops for pause in visit(shop, rng)]


def test_a_visit_browses_looks_and_orders() -> None:
    """A visit reads the list, then products, and on most visits places an order and polls it until it is final."""
    shops, _ = visits(200)
    for shop in shops:
        assert shop.asked[0][:2] == ("GET", f"{PRODUCTS}?limit=100")
        assert any(path.removeprefix(f"{PRODUCTS}/") in IDS for _, path, _ in shop.asked)
    ordering = [shop for shop in shops if any(method == "POST" for method, _, _ in shop.asked)]
    assert 0.7 < len(ordering) / len(shops) < 0.9
    for shop in ordering:
        methods = [method for method, _, _ in shop.asked]
        assert methods[methods.index("POST") :] == ["POST", "GET", "GET"]
        (item,) = next(body for method, _, body in shop.asked if method == "POST")["items"]
        assert item["product_id"] in IDS
        assert 1 <= item["quantity"] <= 3


def test_the_mix_is_as_promised() -> None:
    """Three shoppers send 1 to 2 requests per second and an order every 4 to 6 seconds; a few requests get 404."""
    shops, pauses = visits(3000)
    asked = [one for shop in shops for one in shop.asked]
    seconds = sum(pauses) / 3
    orders = sum(method == "POST" for method, _, _ in asked)
    dead = sum("no-longer-sold" in path for _, path, _ in asked)
    assert 1.0 < len(asked) / seconds < 2.0
    assert 4.0 < seconds / orders < 6.0
    assert 0.01 < dead / len(asked) < 0.05


def test_pauses_are_bounded() -> None:
    """No pause is negative or exceeds the limit."""
    _, pauses = visits(300)
    assert all(0 <= pause <= LONGEST_THINK_SECONDS for pause in pauses)


def test_few_products_are_popular() -> None:
    """The first products of the list are read far more often than the last, but the last are read too."""
    rng = random.Random(1)
    looks = Counter(popular(IDS, rng) for _ in range(20_000))
    assert looks[IDS[0]] > 5 * looks[IDS[9]] > 0
    assert set(looks) == set(IDS)
    assert popular(["only"], rng) == "only"


@pytest.mark.parametrize(
    "answers",
    [
        {"products": Answer(500)},
        {"products": Answer(200, {"items": []})},
        {"products": Answer(200, ["odd"])},
        {"product": Answer(503)},
        {"placed": Answer(503, {})},
        {"placed": Answer(202, None)},
        {"order": Answer(500)},
    ],
    ids=str,
)
def test_a_shop_that_fails_ends_the_visit(answers: dict[str, Answer]) -> None:
    """An error ends the visit without a failure, and a pause before the next visit prevents a busy loop."""
    for seed in range(20):
        (shop,), pauses = visits(1, seed, **answers)
        assert pauses
        assert len(shop.asked) <= 9


def test_an_order_that_stays_pending_is_left() -> None:
    """An order that stays pending is polled less and less often, at most six times."""
    shops, _ = visits(50, order=Answer(200, {"status": "pending"}))
    looks = [sum(path.startswith(f"{ORDERS}/") for _, path, _ in shop.asked) for shop in shops]
    assert max(looks) == 6


def test_a_shop_that_is_down_ends_the_visit_with_its_error() -> None:
    """A shop that is down ends the visit with its error, and the shopper decides how long to wait."""

    class NoShop(FakeShop):
        def get(self, path: str) -> Answer:
            raise ShopIsDown("ConnectionError")

    with pytest.raises(ShopIsDown):
        next(visit(NoShop(), random.Random(1)))
