"""The payment service with an in-memory ledger."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from glasshouse_observability import Telemetry, TelemetrySettings, WrongSetting
from payments.factory import create_app
from payments.ledger import Charge, KeyReused, LedgerUnavailable
from payments.settings import PaymentSettings

GOOD = {"order_id": "ord_1", "amount_cents": 500, "currency": "EUR"}


class FakeLedger:
    """A ledger that keeps charges in a dictionary."""

    def __init__(self) -> None:
        self.charges: dict[str, Charge] = {}
        self.down = False

    def record(self, key: str, order_id: str, amount_cents: int, currency: str, status: str) -> tuple[Charge, bool]:
        if self.down:
            raise LedgerUnavailable("down")
        if first := self.charges.get(key):
            if first.amount_cents != amount_cents:
                raise KeyReused(key)
            return first, False
        self.charges[key] = Charge(f"ch_{len(self.charges)}", key, order_id, amount_cents, currency, status)
        return self.charges[key], True

    def ping(self) -> None:
        if self.down:
            raise LedgerUnavailable("down")


class Service:
    """A client, its ledger and its metrics."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.telemetry = Telemetry(TelemetrySettings(service="payments", instance="payments"))
        app = create_app(self.ledger, self.telemetry, limit_cents=1000)  # type: ignore[arg-type]
        self.client: FlaskClient = app.test_client()

    def charge(self, body: Any, key: str = "key-1") -> Any:
        return self.client.post("/v1/charges", json=body, headers={"Idempotency-Key": key})

    def count(self, outcome: str) -> float | None:
        return self.telemetry.registry.get_sample_value("payment_charges_total", {"outcome": outcome})


@pytest.fixture
def service() -> Service:
    return Service()


def test_a_charge_is_made_once_per_key(service: Service) -> None:
    """The first request with a key returns 201, a repeated one returns 200 and the same charge, counted once."""
    first, again = service.charge(GOOD), service.charge(GOOD)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert service.count("approved") == 1


def test_a_charge_over_the_limit_is_declined_for_good(service: Service) -> None:
    """A charge over the limit returns 402, also when the request is repeated, and is counted once."""
    body = GOOD | {"amount_cents": 1001}
    assert [service.charge(body).status_code for _ in range(2)] == [402, 402]
    assert service.count("declined") == 1


def test_a_key_stands_for_one_amount(service: Service) -> None:
    """Another amount under the same key returns 422."""
    service.charge(GOOD)
    assert service.charge(GOOD | {"amount_cents": 501}).status_code == 422


def test_a_ledger_that_is_down_is_503(service: Service) -> None:
    """An unavailable ledger returns 503 so that the caller retries, and the failure is counted."""
    service.ledger.down = True
    assert service.charge(GOOD).status_code == 503
    assert service.count("error") == 1
    assert service.client.get("/readyz").status_code == 503
    assert service.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"amount_cents": 0}, {"amount_cents": "5"}, {"currency": "euro"}, {"order_id": ""}, {"card": "4111111111111111"}],
)
def test_a_bad_charge_is_refused(service: Service, change: dict[str, Any]) -> None:
    """An invalid charge returns 422, stores nothing and does not repeat a card number."""
    answer = service.charge(GOOD | change)
    assert answer.status_code == 422
    assert "4111" not in answer.text
    assert service.ledger.charges == {}


def test_a_charge_needs_a_key(service: Service) -> None:
    """A charge without a key returns 400, because a repeated request would charge twice."""
    assert service.client.post("/v1/charges", json=GOOD).status_code == 400


@pytest.mark.parametrize(("name", "value"), [("MONGO_URL", "x"), ("THREADS", "0"), ("PAYMENTS_LIMIT_CENTS", "-1")])
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error for an invalid setting names the setting and the allowed values."""
    with pytest.raises(WrongSetting, match=f"{name} is .*must be"):
        PaymentSettings.from_env({name: value})
