"""The use cases, with fakes of their ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shop.accounts import Register
from shop.domain.errors import (
    DatabaseUnavailable,
    IdempotencyKeyReused,
    InvalidOrder,
    NotFound,
    PaymentUnavailable,
    UnknownProduct,
    WrongState,
)
from shop.domain.order import Order, OrderStatus
from shop.domain.retry import GRACE, LEASE, MAX_STRIKES
from shop.services import CancelOrder, FulfilOrder, PlaceOrder, RetryDeadLetter, SweepOrders
from tests.unit.shop.fakes import (
    LAMP,
    MUG,
    FakeAccounts,
    FakeCatalogue,
    FakeClock,
    FakeEvents,
    FakeMailer,
    FakeOrders,
    FakePasswords,
    FakePayments,
    FakeQueue,
)


@dataclass
class World:
    """The use cases and the fakes that they use."""

    clock: FakeClock = field(default_factory=FakeClock)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    queue: FakeQueue = field(default_factory=FakeQueue)
    payments: FakePayments = field(default_factory=FakePayments)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    events: FakeEvents = field(default_factory=FakeEvents)

    def __post_init__(self) -> None:
        self.orders = FakeOrders(self.catalogue)
        self.place = PlaceOrder(self.catalogue, self.orders, self.queue, self.events, self.clock)
        self.accounts = FakeAccounts()
        self.fulfil = FulfilOrder(self.orders, self.accounts, self.payments, self.mailer, self.events, self.clock)
        self.sweep = SweepOrders(self.orders, self.queue, self.clock)

    def order(self, quantity: int = 2) -> Order:
        return self.place([(LAMP.id, quantity)])

    def fulfil_from_queue(self) -> Order | None:
        """Fulfil the next order of the queue, as a worker does."""
        order_id = self.queue.take()
        assert order_id is not None
        return self.fulfil(order_id)

    def stock(self, product_id: str = LAMP.id) -> int:
        return self.catalogue.products[product_id].stock


@pytest.fixture
def world() -> World:
    return World()


def test_an_order_is_written_before_it_is_enqueued(world: World) -> None:
    """If the database is down, an order is neither enqueued nor reported as accepted."""
    world.orders.down = True
    with pytest.raises(DatabaseUnavailable):
        world.order()
    assert world.queue.enqueued == []
    assert world.events.recorded == []


def test_an_order_copies_names_and_prices(world: World) -> None:
    """An order copies names and prices, so that later price changes do not affect it."""
    order = world.place([(LAMP.id, 2), (MUG.id, 1)])
    assert order.total_cents == 2 * LAMP.price_cents + MUG.price_cents
    assert [line.name for line in order.lines] == [LAMP.name, MUG.name]
    assert order.status is OrderStatus.PENDING
    assert world.queue.enqueued == [order.id]


def test_a_queue_that_is_down_does_not_lose_the_order(world: World) -> None:
    """An order is accepted while the queue is down, and the sweeper enqueues it after the grace period."""
    world.queue.down = True
    order = world.order()
    assert world.events.recorded == ["accepted", "not enqueued"]
    world.queue.down = False
    assert world.sweep() == 0
    world.clock.forward(seconds=GRACE.total_seconds())
    assert world.sweep() == 1
    assert world.queue.enqueued == [order.id]


def test_the_same_key_gives_the_same_order(world: World) -> None:
    """A repeated request with the same key returns the first order and is counted once."""
    first = world.place([(LAMP.id, 1)], "key-1")
    again = world.place([(LAMP.id, 1)], "key-1")
    assert again == first
    assert world.events.recorded == ["accepted"]
    assert world.queue.enqueued == [first.id]


def test_the_same_key_for_other_things_is_refused(world: World) -> None:
    """The same key with another order is refused."""
    world.place([(LAMP.id, 1)], "key-1")
    with pytest.raises(IdempotencyKeyReused):
        world.place([(LAMP.id, 2)], "key-1")


def test_an_unknown_product_is_named(world: World) -> None:
    """An order of an unknown product is refused with the product's name, and nothing is stored."""
    with pytest.raises(UnknownProduct, match="no-such-thing"):
        world.place([("no-such-thing", 1)])
    assert world.orders.orders == {}


@pytest.mark.parametrize("items", [[], [(LAMP.id, 0)], [(LAMP.id, -1)], [(LAMP.id, 10**9)], [(LAMP.id, 600)] * 2])
def test_senseless_quantities_are_refused(world: World, items: list[tuple[str, int]]) -> None:
    """An order without items or with an invalid quantity is refused, also if the sum over its lines is too large."""
    with pytest.raises(InvalidOrder):
        world.place(items)


def test_an_order_passes_through_all_its_states(world: World) -> None:
    """An order is reserved, charged once, confirmed and mailed, and then nothing is due."""
    order = world.order(2)
    done = world.fulfil(order.id)
    assert done is not None
    assert [step.status for step in done.history] == ["pending", "reserved", "paid", "confirmed"]
    assert done.finished
    assert world.stock() == LAMP.stock - 2
    assert world.payments.charges == {order.id: 2 * LAMP.price_cents}
    assert world.mailer.sent == [order.id]
    assert world.orders.due_at == {}
    assert world.events.recorded == ["accepted", "reserved", "paid", "confirmed", "mailed"]


def test_an_order_that_was_left_paid_is_confirmed(world: World) -> None:
    """An order that was left in state paid is confirmed without another charge.

    An earlier version stored the two steps separately.
    """
    order = world.order()
    world.orders.advance(order, (OrderStatus.RESERVED, OrderStatus.PAID), world.clock(), "ch_1")
    done = world.fulfil(order.id)
    assert done is not None
    assert [step.status for step in done.history] == ["pending", "reserved", "paid", "confirmed"]
    assert (done.finished, done.charge_id, world.payments.calls) == (True, "ch_1", 0)


def test_fulfilling_twice_changes_nothing(world: World) -> None:
    """A job that is delivered twice makes no change the second time."""
    order = world.order()
    world.fulfil(order.id)
    assert world.fulfil(order.id) is None
    assert world.payments.calls == 1
    assert world.mailer.sent == [order.id]


def test_out_of_stock_fails_the_order_uncharged(world: World) -> None:
    """An order that exceeds the stock fails without a charge and leaves the stock unchanged."""
    order = world.order(LAMP.stock + 1)
    done = world.fulfil(order.id)
    assert done is not None
    assert (done.status, done.reason) == (OrderStatus.FAILED, f"out_of_stock:{LAMP.id}")
    assert world.stock() == LAMP.stock
    assert world.payments.calls == 0


def test_a_declined_payment_returns_the_stock(world: World) -> None:
    """A declined payment fails the order for good and returns its stock."""
    world.payments.declines = True
    done = world.fulfil(world.order().id)
    assert done is not None
    assert (done.status, done.reason) == (OrderStatus.FAILED, "payment_declined")
    assert world.stock() == LAMP.stock
    assert world.orders.due_at == {}


def test_an_order_waits_for_a_payment_service_that_is_down(world: World) -> None:
    """An order keeps its stock while the payment service is down, and completes after the sweeper retries it."""
    world.payments.down = True
    order = world.order()
    waiting = world.fulfil_from_queue()
    assert waiting is not None
    assert waiting.status is OrderStatus.RESERVED
    assert world.events.recorded[-1] == "waiting: down"
    assert world.orders.orders[order.id].strikes == 0
    world.payments.down = False
    world.clock.forward(minutes=1)
    assert world.sweep() == 1
    done = world.fulfil_from_queue()
    assert done is not None
    assert done.finished
    assert world.stock() == LAMP.stock - 2


def test_a_confirmed_order_whose_mail_failed_is_mailed_later(world: World) -> None:
    """A failed mail does not delay the confirmation; only the mail is repeated, not the charge."""
    world.mailer.down = True
    order = world.order()
    waiting = world.fulfil(order.id)
    assert waiting is not None
    assert waiting.status is OrderStatus.CONFIRMED
    assert not waiting.finished
    world.mailer.down = False
    world.fulfil(order.id)
    assert world.mailer.sent == [order.id]
    assert world.payments.calls == 1


def test_two_workers_do_not_share_an_order(world: World) -> None:
    """Only one worker can hold the lease of an order, and another takes over when the lease has expired."""
    order = world.order()
    now = world.clock()
    assert world.orders.claim(order.id, now, now + LEASE) is not None
    assert world.fulfil_from_queue() is None
    world.clock.forward(seconds=LEASE.total_seconds())
    assert world.sweep() == 1
    done = world.fulfil_from_queue()
    assert done is not None
    assert done.finished


def test_a_worker_that_was_overtaken_lets_go(world: World) -> None:
    """A worker that was overtaken by another one leaves the order to it without an error."""
    order = world.order()

    class Overtaken(FakePayments):
        def charge(self, order: Order) -> str:
            world.orders.advance(world.orders.orders[order.id], (OrderStatus.PAID,), world.clock(), "ch_other")
            return "ch_late"

    late = FulfilOrder(world.orders, world.accounts, Overtaken(), world.mailer, world.events, world.clock)
    assert late(order.id) is None
    assert world.orders.orders[order.id].charge_id == "ch_other"


def poisoned(world: World) -> FulfilOrder:
    """Return a fulfilment with a defect."""

    class Poison(FakePayments):
        def charge(self, order: Order) -> str:
            raise ZeroDivisionError("a defect")

    return FulfilOrder(world.orders, world.accounts, Poison(), world.mailer, world.events, world.clock)


def test_a_poisoned_order_becomes_a_dead_letter(world: World) -> None:
    """An order is dead-lettered with its reason after five consecutive defects and is not retried any more.

    The first four defects are retried.
    """
    order, fulfil = world.order(), poisoned(world)
    for strike in range(1, MAX_STRIKES + 1):
        assert world.orders.orders[order.id].dead_letter is None
        assert world.queue.take() == order.id
        with pytest.raises(ZeroDivisionError):
            fulfil(order.id)
        # The first attempt reserved the stock, and a completed step clears all strikes.
        world.clock.forward(minutes=2)
        if strike < MAX_STRIKES:
            assert world.sweep() == 1
    if world.orders.orders[order.id].dead_letter is None:
        with pytest.raises(ZeroDivisionError):
            fulfil(order.id)
    buried = world.orders.orders[order.id]
    assert buried.dead_letter is not None
    assert "ZeroDivisionError" in buried.dead_letter.reason
    world.clock.forward(hours=1)
    assert world.sweep() == 0


def test_an_order_whose_worker_dies_again_and_again_becomes_a_dead_letter(world: World) -> None:
    """An order whose worker is killed repeatedly is dead-lettered, although a killed process reports nothing."""
    order = world.order()
    for _ in range(MAX_STRIKES):
        assert world.orders.claim(order.id, world.clock(), world.clock() + LEASE) is not None
        world.clock.forward(seconds=LEASE.total_seconds())
    buried = world.fulfil(order.id)
    assert buried is not None
    assert buried.dead_letter is not None
    assert world.payments.calls == 0


def test_an_outage_makes_no_dead_letters(world: World) -> None:
    """An outage of the payment service never dead-letters an order, however often it is retried."""
    world.payments.down = True
    order = world.order()
    for _ in range(3 * MAX_STRIKES):
        world.fulfil(order.id)
        world.clock.forward(minutes=2)
    assert world.orders.orders[order.id].dead_letter is None
    world.payments.down = False
    done = world.fulfil(order.id)
    assert done is not None
    assert done.finished


def test_a_dead_letter_can_be_revived(world: World) -> None:
    """A retried dead letter is due at once and completes once the defect is fixed."""
    order = world.order()
    world.orders.bury(order, "a defect", world.clock())
    RetryDeadLetter(world.orders, world.queue, world.events, world.clock)(order.id)
    done = world.fulfil(order.id)
    assert done is not None
    assert done.finished
    with pytest.raises(NotFound):
        RetryDeadLetter(world.orders, world.queue, world.events, world.clock)(order.id)


def test_an_open_circuit_is_not_tried_before_its_time(world: World) -> None:
    """An order is not due before the open circuit breaker permits another call."""

    class Open(FakePayments):
        def charge(self, order: Order) -> str:
            raise PaymentUnavailable("open", retry_after=45.0)

    order = world.order()
    fulfil = FulfilOrder(world.orders, world.accounts, Open(), world.mailer, world.events, world.clock)
    fulfil(order.id)
    assert world.orders.due_at[order.id] >= world.clock() + timedelta(seconds=45)


def test_a_pending_order_can_be_cancelled_once_and_is_not_fulfilled(world: World) -> None:
    """A pending order can be cancelled and is then not charged; cancelling it again has no effect."""
    order = world.order()
    cancel = CancelOrder(world.orders, world.events, world.clock)
    cancelled = cancel(order)
    assert cancelled.status is OrderStatus.CANCELLED
    assert cancel(cancelled) == cancelled
    assert world.fulfil(order.id) is None
    assert world.payments.calls == 0


def test_an_order_that_is_being_fulfilled_cannot_be_cancelled(world: World) -> None:
    """An order that a worker has fulfilled cannot be cancelled, even by a request that read it as pending."""
    order = world.order()
    world.fulfil(order.id)
    cancel = CancelOrder(world.orders, world.events, world.clock)
    with pytest.raises(WrongState):
        cancel(order)


def test_a_customer_is_written_to_at_the_address_of_the_account(world: World) -> None:
    """The confirmation is sent to the address of the customer's account, and a guest has none."""
    account = Register(world.accounts, FakePasswords(), world.clock)("Ann@Example.com", "long enough password")
    order = world.place([(LAMP.id, 1)], customer_id=account.id)
    world.fulfil(order.id)
    world.fulfil(world.order().id)
    assert world.mailer.addresses == ["ann@example.com", None]


def test_customers_do_not_share_idempotency_keys(world: World) -> None:
    """Two customers who choose the same key get two orders."""
    first = world.place([(LAMP.id, 1)], "key-1", customer_id="acc_1")
    second = world.place([(LAMP.id, 1)], "key-1", customer_id="acc_2")
    assert first.id != second.id
