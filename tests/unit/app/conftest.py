"""The API over the shop's fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.prepare import Preparation
from app.profile_store import NotKept, Profile
from app.settings import ApiSettings
from observability import Telemetry, TelemetrySettings
from shop.accounts import LogIn, Register
from shop.domain.account import Role
from shop.services import CancelOrder, PlaceOrder, RetryDeadLetter
from tests.unit.shop.fakes import (
    FakeAccounts,
    FakeCatalogue,
    FakeClock,
    FakeEvents,
    FakeOrders,
    FakePasswords,
    FakeQueue,
    FakeRevocations,
)

PASSWORD = "correct horse battery"
SETTINGS = ApiSettings(jwt_secret="a secret for tests, long enough for every algorithm that they try on it", threads=4)


@dataclass
class FakeProfiles:
    """Implements ``app.profile_store.Profiles``; ``refuses`` says why nothing is kept."""

    kept: dict[str, Profile] = field(default_factory=dict)
    refuses: str = ""

    def keep(self, profile: Profile) -> None:
        if self.refuses:
            raise NotKept(self.refuses)
        self.kept[profile.request_id] = profile

    def newest(self) -> list[Profile]:
        return list(reversed(self.kept.values()))

    def get(self, request_id: str) -> Profile | None:
        return self.kept.get(request_id)


@dataclass
class Api:
    """A client and what stands behind it."""

    client: FlaskClient
    orders: FakeOrders
    queue: FakeQueue
    down: set[str]
    accounts: FakeAccounts
    revocations: FakeRevocations
    register: Register
    profiles: FakeProfiles

    def log_in(self, email: str = "ann@example.com", role: Role = Role.CUSTOMER) -> dict[str, str]:
        """The tokens of an account, which is opened if need be."""
        if self.accounts.by_email(email) is None:
            self.register(email, PASSWORD, role)
        answer = self.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.get_json()
        return tokens

    def as_(self, token: str) -> dict[str, str]:
        """The header of a request with this token."""
        return {"Authorization": f"Bearer {token}"}

    def order(self, body: Any, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/api/v1/orders", json=body, headers=names)


@pytest.fixture
def api() -> Api:
    catalogue, queue, down = FakeCatalogue(), FakeQueue(), set[str]()
    orders = FakeOrders(catalogue)

    def probe(name: str) -> Any:
        def ask() -> None:
            if name in down:
                raise ConnectionError(name)

        return ask

    accounts, passwords, revocations = FakeAccounts(), FakePasswords(), FakeRevocations()
    events, clock = FakeEvents(), FakeClock()
    register = Register(accounts, passwords, clock)
    shop = SimpleNamespace(
        catalogue=catalogue,
        browsing=catalogue,
        cancel_order=CancelOrder(orders, events, clock),
        retry_dead_letter=RetryDeadLetter(orders, queue, events, clock),
        register=register,
        log_in=LogIn(accounts, passwords),
        revocations=revocations,
        orders=orders,
        place_order=PlaceOrder(catalogue, orders, queue, events, clock),
        probes={"mongo": probe("mongo"), "redis": probe("redis")},
    )
    preparation = Preparation(lambda: 0)
    preparation.run()
    telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"))
    profiles = FakeProfiles()
    app = create_app(shop, telemetry, preparation, SETTINGS, profiles=profiles)  # type: ignore[arg-type]
    return Api(app.test_client(), orders, queue, down, accounts, revocations, register, profiles)
