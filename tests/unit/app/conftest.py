"""The API over the shop's fakes."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.prepare import Preparation
from observability import Telemetry, TelemetrySettings
from shop.services import PlaceOrder
from tests.unit.shop.fakes import FakeCatalogue, FakeClock, FakeEvents, FakeOrders, FakeQueue


@dataclass
class Api:
    """A client and what stands behind it."""

    client: FlaskClient
    orders: FakeOrders
    queue: FakeQueue
    down: set[str]

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

    shop = SimpleNamespace(
        catalogue=catalogue,
        orders=orders,
        place_order=PlaceOrder(catalogue, orders, queue, FakeEvents(), FakeClock()),
        probes={"mongo": probe("mongo"), "redis": probe("redis")},
    )
    preparation = Preparation(lambda: 0)
    preparation.run()
    telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"))
    app = create_app(shop, telemetry, preparation)  # type: ignore[arg-type]
    return Api(app.test_client(), orders, queue, down)
