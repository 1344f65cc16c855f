"""The contracts of ``ports.OrderQueue``, ``ports.Payments``, ``ports.Mailer`` and ``ports.Events``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shop.domain.errors import MailUnavailable, PaymentDeclined, PaymentUnavailable, QueueUnavailable
from shop.domain.order import OrderStatus
from shop.ports import Events, Mailer, OrderQueue, Payments
from tests.contracts.samples import NOW, an_order


class QueueContract:
    """Give it ``queue``, empty, ``take``, which takes a job off it and returns its order's id, and ``queue_down``."""

    def test_what_waits_is_not_missing(self, queue: OrderQueue) -> None:
        """What was not enqueued is, in the order in which it was asked for."""
        first, second, third = an_order(), an_order(), an_order()
        assert queue.missing([first, second]) == [first, second]
        queue.enqueue(second)
        assert queue.missing([third, second, first]) == [third, first]
        assert queue.missing([]) == []

    def test_an_order_waits_once(self, queue: OrderQueue, take: Callable[[], str | None]) -> None:
        """However often it is enqueued, until a worker takes it; first in, first out."""
        first, second = an_order(), an_order()
        for order in (first, first, second, first):
            queue.enqueue(order)
        assert [take(), take(), take()] == [first.id, second.id, None]

    def test_what_a_worker_has_taken_is_missing(self, queue: OrderQueue, take: Callable[[], str | None]) -> None:
        """It may be enqueued again: the worker may have died with it."""
        order = an_order()
        queue.enqueue(order)
        assert take() == order.id
        assert queue.missing([order]) == [order]
        queue.enqueue(order)
        assert queue.missing([order]) == []
        assert take() == order.id

    def test_down_it_says_so(self, queue_down: OrderQueue) -> None:
        """Every method."""
        for call in (lambda: queue_down.enqueue(an_order()), lambda: queue_down.missing([an_order()])):
            with pytest.raises(QueueUnavailable):
                call()


class PaymentsContract:
    """Give it ``payments``, ``charged``, the amounts in its ledger, ``payments_declining`` and ``payments_down``."""

    def test_an_order_is_charged_once(self, payments: Payments, charged: Callable[[], list[int]]) -> None:
        """However often it is asked for; the id is the charge's."""
        order, other = an_order(quantity=2), an_order(quantity=1)
        first = payments.charge(order)
        assert first
        assert payments.charge(order) == first
        assert payments.charge(other) != first
        assert sorted(charged()) == [other.total_cents, order.total_cents]

    def test_what_is_declined_stays_declined(self, payments_declining: Payments) -> None:
        """Asking again changes nothing."""
        order = an_order()
        for _ in range(2):
            with pytest.raises(PaymentDeclined):
                payments_declining.charge(order)

    def test_down_it_says_so(self, payments_down: Payments) -> None:
        """Whether it was charged is not known."""
        with pytest.raises(PaymentUnavailable):
            payments_down.charge(an_order())


class MailerContract:
    """Give it ``mailer``, ``addresses``, to which mail was sent so far, and ``mailer_down``."""

    def test_a_customer_is_written_to(self, mailer: Mailer, addresses: Callable[[], list[str | None]]) -> None:
        """One mail for each call, also to guests."""
        mailer.confirm(an_order(), "ann@example.com")
        assert addresses() == ["ann@example.com"]
        for order in (an_order(), an_order()):
            mailer.confirm(order, None)
        assert len(addresses()) == 3

    def test_down_it_says_so(self, mailer_down: Mailer) -> None:
        """For guests too."""
        for address in ("ann@example.com", None):
            with pytest.raises(MailUnavailable):
                mailer_down.confirm(an_order(), address)


class EventsContract:
    """Give it ``events``."""

    @pytest.mark.parametrize("status", list(OrderStatus), ids=str)
    def test_every_event_of_every_state_is_taken(self, events: Events, status: OrderStatus) -> None:
        """None raises: who watches must not stop the work."""
        order = replace(an_order(), status=status, reason="why")
        for event in (events.accepted, events.not_enqueued, events.advanced, events.revived, events.mailed):
            event(order)
        events.waiting(order, "why", NOW)
        events.buried(replace(order, reason=None), "why")
