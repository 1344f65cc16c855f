"""The plan of a drill's orders."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lab.orders.plan import LIMIT_CENTS, Expectation, Plan, make_plan

PRODUCTS: list[dict[str, Any]] = [
    {"id": f"product-{number:02d}", "price_cents": 900 + 700 * number, "stock": 2000 + 311 * (number * 7 % 40)}
    for number in range(40)
]
PRICES = {product["id"]: product["price_cents"] for product in PRODUCTS}


def plan(orders: int = 400, seed: int = 1) -> Plan:
    return make_plan("drill-x", PRODUCTS, orders, 5, seed)


def test_a_seed_gives_the_same_plan_again() -> None:
    """A seed always gives the same plan, so that a failed run can be repeated."""
    assert plan(seed=3) == plan(seed=3)
    assert plan(seed=3) != plan(seed=4)


def test_every_kind_of_order_is_there() -> None:
    """Most orders can be fulfilled; they have one to three lines and a unique key, from guests and customers."""
    made = plan()
    kinds = Counter(wish.end for wish in made.wishes)
    assert kinds[Expectation.DECLINED] == kinds[Expectation.SCARCE] == 12
    assert {len(wish.lines) for wish in made.wishes} == {1, 2, 3}
    assert {wish.customer for wish in made.wishes} == {None, 0, 1, 2, 3, 4}
    assert len({wish.key for wish in made.wishes}) == 400


def test_totals_are_on_the_right_side_of_the_limit() -> None:
    """The total of an order is above the limit if and only if the order must be declined."""
    wishes = plan().wishes
    assert {wish.end for wish in wishes} > {Expectation.DECLINED}
    for wish in wishes:
        total = sum(PRICES[product] * quantity for product, quantity in wish.lines)
        assert (total > LIMIT_CENTS) == (wish.end is Expectation.DECLINED)


def test_the_scarce_product_is_wanted_more_than_there_is_of_it() -> None:
    """The scarce product is ordered twice as often as it is in stock, by no other kind of order.

    The number of orders that must fail is therefore known.
    """
    made = plan()
    wanted = [wish for wish in made.wishes if any(product == made.scarce for product, _ in wish.lines)]
    assert {wish.end for wish in wanted} == {Expectation.SCARCE}
    assert made.scarce_stock == len(wanted) // 2


def test_stock_lasts_for_all_others() -> None:
    """The stock of all other products is sufficient, so that no order fails that can be fulfilled."""
    made = plan(2000)
    wanted: Counter[str] = Counter()
    for wish in made.wishes:
        if wish.end is Expectation.CONFIRMED:
            for product, quantity in wish.lines:
                wanted[product] += quantity
    stock = {product["id"]: product["stock"] for product in PRODUCTS}
    assert all(stock[product] > count for product, count in wanted.items())


def test_a_few_orders_are_enough() -> None:
    """A plan may consist of one order."""
    assert len(plan(1).wishes) == 1
