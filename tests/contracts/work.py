"""The contract of ``ports.Orders``: leases, what is due, dead letters."""

from __future__ import annotations

import pytest

from shop.domain.errors import NotFound
from shop.domain.order import DeadLetter, Order, OrderStatus
from shop.ports import Backlog, Orders
from tests.contracts.samples import HOUR, NOW, SECOND, an_order


def confirmed(orders: Orders) -> Order:
    """Return an order that lacks only its mail."""
    order = orders.reserve(orders.add(an_order(), NOW), NOW)
    return orders.advance(order, (OrderStatus.PAID, OrderStatus.CONFIRMED), NOW)


class WorkContract:
    """Requires the fixture ``orders``, empty, over a catalogue that contains ``PRODUCTS``."""

    def test_one_lease_at_a_time(self, orders: Orders) -> None:
        """Each lease counts as an attempt and a strike; another worker gets a lease after the first has expired."""
        order = orders.add(an_order(), NOW)
        first = orders.claim(order.id, NOW, NOW + HOUR)
        assert first is not None
        assert (first.attempts, first.strikes) == (1, 1)
        assert orders.claim(order.id, NOW + HOUR - SECOND, NOW + 2 * HOUR) is None
        second = orders.claim(order.id, NOW + HOUR, NOW + 2 * HOUR)
        assert second is not None
        assert (second.attempts, second.strikes) == (2, 2)

    def test_what_is_leased_is_due_when_the_lease_runs_out(self, orders: Orders) -> None:
        """A leased order is due when the lease expires, not before."""
        order = orders.add(an_order(), NOW)
        orders.claim(order.id, NOW, NOW + HOUR)
        assert orders.due(NOW + HOUR - SECOND, 5) == []
        assert [one.id for one in orders.due(NOW + HOUR, 5)] == [order.id]

    def test_a_step_takes_the_strikes_away(self, orders: Orders) -> None:
        """A step resets the strikes but not the attempts."""
        order = orders.claim(orders.add(an_order(), NOW).id, NOW, NOW + HOUR)
        assert order is not None
        reserved = orders.reserve(order, NOW)
        assert (reserved.attempts, reserved.strikes) == (1, 0)

    @pytest.mark.parametrize(("excused", "strikes"), [(True, 0), (False, 1)])
    def test_a_postponed_order_is_due_later(self, orders: Orders, excused: bool, strikes: int) -> None:
        """A postponed order has no lease and is due at the given time; an excused attempt removes the strikes."""
        order = orders.claim(orders.add(an_order(), NOW).id, NOW, NOW + HOUR)
        assert order is not None
        orders.postpone(order, NOW + SECOND, excused=excused)
        assert orders.get(order.id).strikes == strikes
        assert orders.due(NOW, 5) == []
        assert [one.id for one in orders.due(NOW + SECOND, 5)] == [order.id]
        assert orders.claim(order.id, NOW + SECOND, NOW + HOUR) is not None

    def test_a_finished_order_is_not_worked_on_again(self, orders: Orders) -> None:
        """A finished order stays finished, even if a worker whose lease has expired postpones it."""
        order = orders.add(an_order(), NOW)
        cancelled = orders.cancel(order, NOW)
        orders.postpone(order, NOW, excused=True)
        assert orders.due(NOW + HOUR, 5) == []
        assert orders.claim(order.id, NOW, NOW + HOUR) is None
        assert orders.get(order.id) == cancelled

    def test_a_confirmed_order_is_due_until_its_mail_is_sent(self, orders: Orders) -> None:
        """A confirmed order is due until its mail is sent; then no work is left."""
        order = confirmed(orders)
        assert orders.due(NOW, 5) == [order]
        mailed = orders.mark_notified(order, NOW + SECOND)
        assert (mailed.email_sent_at, mailed.finished) == (NOW + SECOND, True)
        assert orders.get(order.id) == mailed
        assert orders.due(NOW + HOUR, 5) == []

    def test_the_longest_due_is_first(self, orders: Orders) -> None:
        """The longest due order is first, and at most the requested number is returned."""
        late, early = (orders.add(an_order(), NOW + number * SECOND) for number in (2, 1))
        assert orders.due(NOW + HOUR, 5) == [early, late]
        assert orders.due(NOW + HOUR, 1) == [early]
        assert orders.due(NOW + SECOND, 5) == [early]

    def test_a_dead_letter_is_worked_on_when_it_is_revived(self, orders: Orders) -> None:
        """A retried dead letter is due immediately without strikes; retrying any other order raises ``NotFound``."""
        order = orders.claim(orders.add(an_order(), NOW).id, NOW, NOW + HOUR)
        assert order is not None
        dead = orders.bury(order, "why", NOW)
        assert dead.dead_letter == DeadLetter("why", NOW)
        assert orders.get(order.id) == dead
        assert orders.due(NOW + HOUR, 5) == []
        revived = orders.revive(order.id, NOW)
        assert (revived.dead_letter, revived.strikes) == (None, 0)
        assert orders.due(NOW, 5) == [revived]
        assert orders.claim(order.id, NOW, NOW + HOUR) is not None
        with pytest.raises(NotFound):
            orders.revive(order.id, NOW)

    def test_dead_letters_go_by_id(self, orders: Orders) -> None:
        """Dead letters are listed in pages by id, whatever the sequence in which they were created."""
        first, second, third = (orders.add(an_order(NOW + number * SECOND), NOW) for number in range(3))
        for order in (third, first, second):
            orders.bury(order, "why", NOW)
        ids = [order.id for order in (first, second, third)]
        assert [one.id for one in orders.dead_letters(5, None)] == ids
        assert [one.id for one in orders.dead_letters(1, first.id)] == ids[1:2]
        assert orders.dead_letters(5, third.id) == []

    def test_the_backlog_is_what_is_left(self, orders: Orders) -> None:
        """The backlog counts unfinished orders; its age ignores orders in the future or waiting only for their mail."""
        assert orders.backlog(NOW) == Backlog(0, 0, 0.0, 0)
        orders.add(an_order(NOW + HOUR), NOW)
        assert orders.backlog(NOW) == Backlog(1, 0, 0.0, 0)
        confirmed(orders)
        orders.add(an_order(NOW - HOUR), NOW)
        orders.bury(orders.add(an_order(NOW - 2 * HOUR), NOW), "why", NOW)
        assert orders.backlog(NOW) == Backlog(3, 1, 3600.0, 1)
