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
    """Tests of ``ports.OrderQueue``.

    Requires the fixtures ``queue``, empty, ``take``, which takes a job and returns its order's id, and ``queue_down``.
    """

    def test_what_waits_is_not_missing(self, queue: OrderQueue) -> None:
        """Orders that are not enqueued are reported as missing, in the order of the request."""
        first, second, third = an_order(), an_order(), an_order()
        assert queue.missing([first, second]) == [first, second]
        queue.enqueue(second)
        assert queue.missing([third, second, first]) == [third, first]
        assert queue.missing([]) == []

    def test_an_order_waits_once(self, queue: OrderQueue, take: Callable[[], str | None]) -> None:
        """An order is queued once however often it is enqueued, until a worker takes it; first in, first out."""
        first, second = an_order(), an_order()
        for order in (first, first, second, first):
            queue.enqueue(order)
        assert [take(), take(), take()] == [first.id, second.id, None]

    def test_what_a_worker_has_taken_is_missing(self, queue: OrderQueue, take: Callable[[], str | None]) -> None:
        """An order that a worker has taken may be enqueued again, because the worker may have died."""
        order = an_order()
        queue.enqueue(order)
        assert take() == order.id
        assert queue.missing([order]) == [order]
        queue.enqueue(order)
        assert queue.missing([order]) == []
        assert take() == order.id

    def test_down_it_says_so(self, queue_down: OrderQueue) -> None:
        """Every method raises ``QueueUnavailable`` while the queue is down."""
        for call in (lambda: queue_down.enqueue(an_order()), lambda: queue_down.missing([an_order()])):
            with pytest.raises(QueueUnavailable):
                call()


class PaymentsContract:
    """Tests of ``ports.Payments``.

    Requires the fixtures ``payments``, ``charged`` (the amounts in its ledger), ``payments_declining`` and
    ``payments_down``.
    """

    def test_an_order_is_charged_once(self, payments: Payments, charged: Callable[[], list[int]]) -> None:
        """An order is charged once however often that is requested; every response has the same charge id."""
        order, other = an_order(quantity=2), an_order(quantity=1)
        first = payments.charge(order)
        assert first
        assert payments.charge(order) == first
        assert payments.charge(other) != first
        assert sorted(charged()) == [other.total_cents, order.total_cents]

    def test_what_is_declined_stays_declined(self, payments_declining: Payments) -> None:
        """A declined charge is declined again when it is retried."""
        order = an_order()
        for _ in range(2):
            with pytest.raises(PaymentDeclined):
                payments_declining.charge(order)

    def test_down_it_says_so(self, payments_down: Payments) -> None:
        """Without a response, it is unknown whether the order was charged: ``PaymentUnavailable`` is raised."""
        with pytest.raises(PaymentUnavailable):
            payments_down.charge(an_order())


class MailerContract:
    """Requires the fixtures ``mailer``, ``addresses``, to which mail was sent so far, and ``mailer_down``."""

    def test_a_customer_is_written_to(self, mailer: Mailer, addresses: Callable[[], list[str | None]]) -> None:
        """Each call sends one mail, also to guests."""
        mailer.confirm(an_order(), "ann@example.com")
        assert addresses() == ["ann@example.com"]
        for order in (an_order(), an_order()):
            mailer.confirm(order, None)
        assert len(addresses()) == 3

    def test_down_it_says_so(self, mailer_down: Mailer) -> None:
        """``MailUnavailable`` is raised while the mail server is down, also for guests."""
        for address in ("ann@example.com", None):
            with pytest.raises(MailUnavailable):
                mailer_down.confirm(an_order(), address)


class EventsContract:
    """Requires the fixture ``events``."""

    @pytest.mark.parametrize("status", list(OrderStatus), ids=str)
    def test_every_event_of_every_state_is_taken(self, events: Events, status: OrderStatus) -> None:
        """No event raises in any state, because observation must not interrupt the work."""
        order = replace(an_order(), status=status, reason="why")
        for event in (events.accepted, events.not_enqueued, events.advanced, events.revived, events.mailed):
            event(order)
        events.waiting(order, "why", NOW)
        events.buried(replace(order, reason=None), "why")
