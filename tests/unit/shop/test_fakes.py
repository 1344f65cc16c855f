"""The fakes fulfil the contracts of the ports; ``tests/integration/shop/contracts/`` tests the real adapters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shop import ports
from shop.adapters.passwords import Argon2Passwords
from tests.contracts.catalogue import BrowsingContract, CatalogueContract
from tests.contracts.orders import OrdersContract
from tests.contracts.outside import EventsContract, MailerContract, PaymentsContract, QueueContract
from tests.contracts.people import AccountsContract, PasswordsContract, RevocationsContract
from tests.contracts.samples import PRODUCTS
from tests.contracts.work import WorkContract
from tests.unit.shop import fakes


@pytest.fixture
def stocked() -> fakes.FakeCatalogue:
    """Return a catalogue with the contracts' products."""
    return fakes.FakeCatalogue({product.id: product for product in PRODUCTS})


@pytest.fixture
def catalogue(stocked: fakes.FakeCatalogue) -> ports.Catalogue:
    return stocked


@pytest.fixture
def orders(stocked: fakes.FakeCatalogue) -> ports.Orders:
    return fakes.FakeOrders(stocked)


class TestFakeCatalogue(CatalogueContract):
    @pytest.fixture
    def catalogue_down(self) -> ports.Catalogue:
        return fakes.FakeCatalogue(down=True)


class TestFakeBrowsing(BrowsingContract):
    @pytest.fixture
    def browsing(self, stocked: fakes.FakeCatalogue) -> ports.Browsing:
        return stocked

    @pytest.fixture
    def browsing_down(self) -> ports.Browsing:
        return fakes.FakeCatalogue(down=True)


class TestFakeOrders(OrdersContract, WorkContract):
    @pytest.fixture
    def orders_down(self, stocked: fakes.FakeCatalogue) -> ports.Orders:
        return fakes.FakeOrders(stocked, down=True)


class TestFakeAccounts(AccountsContract):
    @pytest.fixture
    def accounts(self) -> ports.Accounts:
        return fakes.FakeAccounts()

    @pytest.fixture
    def accounts_down(self) -> ports.Accounts:
        return fakes.FakeAccounts(down=True)


class TestPasswords(PasswordsContract):
    """Test the fake and the real password hashes, which need no server."""

    @pytest.fixture(params=[fakes.FakePasswords, Argon2Passwords])
    def passwords(self, request: pytest.FixtureRequest) -> ports.Passwords:
        made: ports.Passwords = request.param()
        return made


class TestFakeRevocations(RevocationsContract):
    @pytest.fixture
    def revocations(self) -> ports.Revocations:
        return fakes.FakeRevocations()

    @pytest.fixture
    def revocations_down(self) -> ports.Revocations:
        return fakes.FakeRevocations(down=True)


class TestFakeQueue(QueueContract):
    @pytest.fixture
    def fake(self) -> fakes.FakeQueue:
        return fakes.FakeQueue()

    @pytest.fixture
    def queue(self, fake: fakes.FakeQueue) -> ports.OrderQueue:
        return fake

    @pytest.fixture
    def take(self, fake: fakes.FakeQueue) -> Callable[[], str | None]:
        return fake.take

    @pytest.fixture
    def queue_down(self) -> ports.OrderQueue:
        return fakes.FakeQueue(down=True)


class TestFakePayments(PaymentsContract):
    @pytest.fixture
    def fake(self) -> fakes.FakePayments:
        return fakes.FakePayments()

    @pytest.fixture
    def payments(self, fake: fakes.FakePayments) -> ports.Payments:
        return fake

    @pytest.fixture
    def charged(self, fake: fakes.FakePayments) -> Callable[[], list[int]]:
        return lambda: list(fake.charges.values())

    @pytest.fixture
    def payments_declining(self) -> ports.Payments:
        return fakes.FakePayments(declines=True)

    @pytest.fixture
    def payments_down(self) -> ports.Payments:
        return fakes.FakePayments(down=True)


class TestFakeMailer(MailerContract):
    @pytest.fixture
    def fake(self) -> fakes.FakeMailer:
        return fakes.FakeMailer()

    @pytest.fixture
    def mailer(self, fake: fakes.FakeMailer) -> ports.Mailer:
        return fake

    @pytest.fixture
    def addresses(self, fake: fakes.FakeMailer) -> Callable[[], list[str | None]]:
        return lambda: fake.addresses

    @pytest.fixture
    def mailer_down(self) -> ports.Mailer:
        return fakes.FakeMailer(down=True)


class TestFakeEvents(EventsContract):
    @pytest.fixture
    def events(self) -> ports.Events:
        return fakes.FakeEvents()
