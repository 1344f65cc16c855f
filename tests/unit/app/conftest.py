"""Fixtures: the API over in-memory fakes of the shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.factory import create_app
from app.faults import injection as fault_injection
from app.prepare import Preparation
from app.profiling.store import NotKept, Profile
from app.settings import ApiSettings
from faults.switchboard import Switchboard
from faults.watch import Faults
from glasshouse_observability import Telemetry, TelemetrySettings
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
SETTINGS = ApiSettings(
    jwt_secret="a secret for tests, long enough for every algorithm that they try on it",
    threads=4,
    limits_url="memory://",
)


@dataclass
class FakeProfiles:
    """An in-memory ``app.profiling.store.Profiles``; ``refuses`` is the reason for which nothing is stored."""

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
    """A test client of the API and the fakes behind it."""

    client: FlaskClient
    orders: FakeOrders
    queue: FakeQueue
    down: set[str]
    accounts: FakeAccounts
    revocations: FakeRevocations
    register: Register
    profiles: FakeProfiles

    def log_in(self, email: str = "ann@example.com", role: Role = Role.CUSTOMER) -> dict[str, str]:
        """Return the tokens of an account, which is registered first if it does not exist."""
        if self.accounts.by_email(email) is None:
            self.register(email, PASSWORD, role)
        answer = self.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.get_json()
        return tokens

    def as_(self, token: str) -> dict[str, str]:
        """Return the header of a request with this token."""
        return {"Authorization": f"Bearer {token}"}

    def order(self, body: Any, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/api/v1/orders", json=body, headers=names)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(TelemetrySettings(service="api", instance="api-1"))


@pytest.fixture
def api(telemetry: Telemetry) -> Api:
    return new_api(telemetry)


@dataclass
class Faulty:
    """An API with fault injection enabled; ``look`` makes ``faults`` read the flag file."""

    api: Api
    flags: Path
    faults: Faults
    switchboard: Switchboard
    slept: list[float]

    def on(self, name: str, how: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.api.client.put(f"/api/v1/admin/faults/{name}", json=how or {}, headers=headers or self.admin())

    def admin(self) -> dict[str, str]:
        return self.api.as_(self.api.log_in("root@example.com", Role.ADMIN)["access_token"])


@pytest.fixture
def faulty(telemetry: Telemetry, tmp_path: Path) -> Faulty:
    flags = tmp_path / "faults" / "flags.json"
    faults, switchboard = Faults(flags, "api", "api-1"), Switchboard(flags, telemetry.registry)
    slept: list[float] = []

    def extend(app: Flask) -> None:
        fault_injection.install(app, faults, switchboard, slept.append)

    return Faulty(new_api(telemetry, extend), flags, faults, switchboard, slept)


def new_api(telemetry: Telemetry, extend: Callable[[Flask], None] | None = None) -> Api:
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
    profiles = FakeProfiles()
    app = create_app(shop, telemetry, preparation, SETTINGS, extend, profiles)  # type: ignore[arg-type]
    return Api(app.test_client(), orders, queue, down, accounts, revocations, register, profiles)
