"""The rules of the domain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shop.domain.order import NEXT, OrderStatus, fingerprint, may_become, new_order_id
from shop.domain.retry import backoff
from shop.seed import products


def test_a_paid_order_cannot_fail() -> None:
    """A paid order cannot fail, because the customer has paid for the goods."""
    assert not may_become(OrderStatus.PAID, OrderStatus.FAILED)


def test_every_state_but_the_final_ones_leads_somewhere() -> None:
    """Every state except the final ones has a next state, so no order can get stuck in the state machine."""
    final = {status for status in OrderStatus if not NEXT[status]}
    assert final == {OrderStatus.CONFIRMED, OrderStatus.FAILED, OrderStatus.CANCELLED}


def test_order_ids_sort_by_time_and_differ() -> None:
    """Two order IDs from the same millisecond differ, and a later ID sorts after an earlier one."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_order_id(now) != new_order_id(now)
    assert new_order_id(now) < new_order_id(now + timedelta(milliseconds=1))


def test_the_fingerprint_ignores_the_order_of_lines() -> None:
    """The fingerprint of a request does not depend on the sequence of its fields."""
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_backoff_grows_to_a_minute() -> None:
    """The backoff grows exponentially to a maximum of one minute and is never zero."""
    longest = [backoff(attempts, lambda low, high: high).total_seconds() for attempts in range(1, 9)]
    assert longest == [2, 4, 8, 16, 32, 60, 60, 60]
    assert backoff(1, lambda low, high: low) == timedelta(seconds=1)


def test_the_catalogue_is_the_same_on_every_machine() -> None:
    """The catalogue is the same on every machine and contains a few hundred products with plausible values."""
    first, second = list(products()), list(products())
    assert first == second
    assert 200 <= len(first) <= 500
    assert len({product.id for product in first}) == len(first)
    assert all(product.price_cents > 0 and product.stock > 0 for product in first)
