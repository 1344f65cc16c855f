"""A secret that an application handles in many ways is in no signal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, request
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from glasshouse_observability import Telemetry, TelemetrySettings, instrument_flask
from glasshouse_observability.context import note
from glasshouse_observability.logs.config import new_handler
from glasshouse_observability.redaction import NO_REDACTION, RedactionPolicy

SECRET = "zq7xPlantedSecret9kw"


class Service:
    """An instrumented application, and all of its signals."""

    def __init__(self, sampled: bool, redaction: RedactionPolicy | None = None) -> None:
        self.stream, self.exporter, self.registry = io.StringIO(), InMemorySpanExporter(), CollectorRegistry()
        chosen: dict[str, Any] = {} if redaction is None else {"redaction": redaction}
        rate = 1e5 if sampled else 0.0
        settings = TelemetrySettings(
            service="api", traces_per_second=rate, trace_ratio=0.0, slow_seconds=0.001, **chosen
        )
        self.telemetry = Telemetry(settings, self.registry, self.exporter)
        self.handler = new_handler(settings, stream=self.stream)  # type: ignore[arg-type]
        self.app = Flask("shop")
        self.app.add_url_rule("/work", view_func=self.work, methods=["GET", "POST"])
        instrument_flask(self.app, self.telemetry)

    def work(self) -> str:
        from opentelemetry import trace

        log, span = logging.getLogger("shop"), trace.get_current_span()
        headers = dict(request.headers)
        log.info("called with %s", request.url)
        log.info("headers %s", headers, extra={"headers": headers, "url": request.url, "password": SECRET})
        log.info("connect to postgresql://app:%s@db/shop", SECRET, extra={"settings": [{"api_key": SECRET}]})
        log.info({"message": "dictionary", "token": SECRET, "nested": {"Set-Cookie": f"a={SECRET}"}})
        note("callback_url", f"https://user:{SECRET}@example.org/?sig={SECRET}")
        note("auth_token", SECRET)
        span.set_attribute("http.request.header.authorization", [f"Bearer {SECRET}"])
        span.set_attribute("url.full", request.url)
        span.set_attribute("settings", {"db": {"password": SECRET}})  # type: ignore[dict-item]
        span.add_event("called", {"url": request.url, "client_secret": SECRET})
        with self.telemetry.tracer("shop").start_as_current_span(
            f"GET https://h/?key={SECRET}", attributes={"pwd": SECRET}
        ):
            pass
        raise ConnectionError(
            f"HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: /x?access_token={SECRET}&page=2"
        )

    def signals(self) -> dict[str, str]:
        """Return each signal as a text."""
        self.telemetry.stop()
        spans = self.exporter.get_finished_spans()
        return {
            "logs": self.stream.getvalue(),
            "spans": str(encode_spans(spans)) + "".join(span.to_json() for span in spans),
            "metrics": generate_latest(self.registry).decode(),
        }


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    root.setLevel(logging.INFO)
    yield
    root.setLevel(level)


def call(service: Service) -> None:
    logging.getLogger().addHandler(service.handler)
    response = service.app.test_client().post(
        f"/work?token={SECRET}&page=2&next=https%3A%2F%2Fh%2F%3Fapi_key%3D{SECRET}",
        headers={"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}", "X-Api-Key": SECRET},
        data={"password": SECRET},
    )
    assert response.status_code == 500
    response.close()


@pytest.mark.parametrize("sampled", [True, False])
def test_a_planted_secret_is_in_no_signal(sampled: bool) -> None:
    """No log line, span or metric contains the secret; what is next to it stays."""
    service = Service(sampled)
    call(service)
    signals = service.signals()
    for signal, text in signals.items():
        assert SECRET not in text, signal
    assert "page=2" in signals["logs"]
    assert "page=2" in signals["spans"]
    lines = [json.loads(line) for line in signals["logs"].split("\n")[:-1]]
    (of_request,) = [line for line in lines if line.get("event") == "http.request"]
    assert of_request["callback_url"] == "https://REDACTED:REDACTED@example.org/?sig=REDACTED"
    assert of_request["auth_token"] == "REDACTED"
    names = {event.name for span in service.exporter.get_finished_spans() for event in span.events}
    assert names == {"called", "exception"}


@pytest.mark.parametrize("sampled", [True, False])
def test_without_redaction_the_secret_is_there(sampled: bool) -> None:
    """With redaction switched off the same application shows the secret, so the test above can fail."""
    service = Service(sampled, NO_REDACTION)
    call(service)
    signals = service.signals()
    assert signals["logs"].count(SECRET) > 10
    assert signals["spans"].count(SECRET) > 5


def test_an_added_name_is_redacted_everywhere() -> None:
    """A name that the application adds to the policy is redacted in fields, attributes, notes and URLs."""
    service = Service(True, RedactionPolicy().adding("iban"))

    @service.app.get("/pay")
    def pay() -> str:
        logging.getLogger("shop").info("paid from iban=%s", SECRET, extra={"iban": SECRET})
        note("iban", SECRET)
        return "ok"

    logging.getLogger().addHandler(service.handler)
    service.app.test_client().get(f"/pay?iban={SECRET}").close()
    for signal, text in service.signals().items():
        assert SECRET not in text, signal
