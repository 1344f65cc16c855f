"""Faults of the payment service."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glasshouse_observability import Telemetry, TelemetrySettings
from payments import fault_injection
from payments.factory import create_app
from tests.unit.faults.fakes import FakeFaults
from tests.unit.payments.test_payments import GOOD, FakeLedger


class Service:
    """A payment service with faults, its ledger, its spans and its recorded sleeps."""

    def __init__(self) -> None:
        self.faults, self.ledger, self.slept = FakeFaults(), FakeLedger(), list[float]()
        self.exporter = InMemorySpanExporter()
        self.telemetry = Telemetry(TelemetrySettings(service="payments", instance="payments"), exporter=self.exporter)
        extend: Any = partial(fault_injection.install, faults=self.faults, sleep=self.slept.append)
        app = create_app(self.ledger, self.telemetry, 1000, extend)  # type: ignore[arg-type]
        self.client: FlaskClient = app.test_client()

    def charge(self) -> Any:
        return self.client.post("/v1/charges", json=GOOD, headers={"Idempotency-Key": "k"}, buffered=True)

    def marks(self) -> list[object]:
        self.telemetry.provider.force_flush()
        return [(span.attributes or {}).get("fault.injected") for span in self.exporter.get_finished_spans()]


@pytest.fixture
def service() -> Service:
    return Service()


def test_off_it_charges(service: Service) -> None:
    """Without a fault the service charges and no span is marked."""
    assert service.charge().status_code == 201
    assert service.marks() == [None]


def test_down_it_answers_503_and_charges_nothing(service: Service) -> None:
    """A payment service that is down returns 503, at once or after a wait, and charges nothing.

    The span is marked, and health checks still succeed.
    """
    service.faults.switch("payment-down", percent=100)
    answer = service.charge()
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert service.slept == [0.0]
    service.faults.switch("payment-down", percent=100, milliseconds=2500)
    assert service.charge().status_code == 503
    assert service.slept[1:] == [2.5]
    assert service.ledger.charges == {}
    assert service.marks() == ["payment-down"] * 2
    assert [service.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    service.faults.off("payment-down")
    assert service.charge().status_code == 201


def test_what_a_missing_index_slows_is_marked(service: Service) -> None:
    """A slow charge succeeds and its span is marked; if the service is down too, the charge fails."""
    service.faults.switch("payment-slow", milliseconds=5000)
    assert service.charge().status_code == 201
    service.faults.switch("payment-down", percent=100)
    assert service.charge().status_code == 503
    assert service.marks() == ["payment-slow", "payment-down"]
