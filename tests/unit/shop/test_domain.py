"""The domain's own rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shop.domain.order import NEXT, OrderStatus, fingerprint, may_become, new_order_id
from shop.domain.retry import backoff
from shop.seed import products


def test_a_paid_order_cannot_fail() -> None:
    """Money that was taken is answered with goods."""
    assert not may_become(OrderStatus.PAID, OrderStatus.FAILED)


def test_every_state_but_the_final_ones_leads_somewhere() -> None:
    """No order can be stuck by the state machine itself."""
    final = {status for status in OrderStatus if not NEXT[status]}
    assert final == {OrderStatus.CONFIRMED, OrderStatus.FAILED, OrderStatus.CANCELLED}


def test_order_ids_sort_by_time_and_differ() -> None:
    """Two orders of one millisecond have different ids; a later one sorts behind."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_order_id(now) != new_order_id(now)
    assert new_order_id(now) < new_order_id(now + timedelta(milliseconds=1))


def test_the_fingerprint_ignores_the_order_of_lines() -> None:
    """The same things in another sequence are the same order."""
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_backoff_grows_to_a_minute() -> None:
    """Exponential, bounded, and never zero."""
    longest = [backoff(attempts, lambda low, high: high).total_seconds() for attempts in range(1, 9)]
    assert longest == [2, 4, 8, 16, 32, 60, 60, 60]
    assert backoff(1, lambda low, high: low) == timedelta(seconds=1)


def test_the_catalogue_is_the_same_on_every_machine() -> None:
    """A few hundred products with distinct ids, prices and stock that make sense."""
    first, second = list(products()), list(products())
    assert first == second
    assert 200 <= len(first) <= 500
    assert len({product.id for product in first}) == len(first)
    assert all(product.price_cents > 0 and product.stock > 0 for product in first)
