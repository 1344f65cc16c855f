"""The payment service over a ledger in memory."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from observability import Telemetry, TelemetrySettings, WrongSetting
from payments.factory import create_app
from payments.ledger import Charge, KeyReused, LedgerUnavailable
from payments.settings import PaymentSettings

GOOD = {"order_id": "ord_1", "amount_cents": 500, "currency": "EUR"}


class FakeLedger:
    """Charges in a dictionary."""

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
    """201, then 200 with the same charge; counted once."""
    first, again = service.charge(GOOD), service.charge(GOOD)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert service.count("approved") == 1


def test_a_charge_over_the_limit_is_declined_for_good(service: Service) -> None:
    """402, the same when asked again."""
    body = GOOD | {"amount_cents": 1001}
    assert [service.charge(body).status_code for _ in range(2)] == [402, 402]
    assert service.count("declined") == 1


def test_a_key_stands_for_one_amount(service: Service) -> None:
    """422 for another amount under the same key."""
    service.charge(GOOD)
    assert service.charge(GOOD | {"amount_cents": 501}).status_code == 422


def test_a_ledger_that_is_down_is_503(service: Service) -> None:
    """The caller knows that it must ask again; the failure is counted."""
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
    """422; card numbers above all."""
    answer = service.charge(GOOD | change)
    assert answer.status_code == 422
    assert "4111" not in answer.text
    assert service.ledger.charges == {}


def test_a_charge_needs_a_key(service: Service) -> None:
    """400: without one, a repeated request would charge twice."""
    assert service.client.post("/v1/charges", json=GOOD).status_code == 400


@pytest.mark.parametrize(("name", "value"), [("MONGO_URL", "x"), ("THREADS", "0"), ("PAYMENTS_LIMIT_CENTS", "-1")])
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error says which and what it may be."""
    with pytest.raises(WrongSetting, match=f"{name} is .*must be"):
        PaymentSettings.from_env({name: value})
