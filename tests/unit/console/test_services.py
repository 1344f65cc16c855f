"""The services and their interfaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry

import payments.factory
from console.inbox.store import Inbox
from console.services.openapi import document_of, endpoints_of
from console.services.routes import _PAYMENTS
from tests.unit.console.consoles import SIGN_IN, FakedConsole, faked_console, vector

DOCUMENT = {
    "paths": {
        "/api/v1/orders": {
            "get": {"summary": "List", "security": [{"bearer": []}]},
            "post": {"summary": "Place"},
            "parameters": [],
        }
    }
}
UP = vector(({"job": "api"}, 2))


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console whose shop and Prometheus give these responses."""
    return lambda document=DOCUMENT, up=UP: faked_console(
        inbox, tmp_path, fake_transport(SIGN_IN | {"/api/openapi.json": document, "/api/v1/query": up})
    )


def services(it: FakedConsole) -> tuple[dict[str, Any], list[str]]:
    answer = it.client.get("/api/services")
    assert answer.status_code == 200
    return {one["id"]: one for one in answer.json["services"]}, answer.json["notes"]


def test_the_shop_describes_itself(make: Callable[..., FakedConsole]) -> None:
    """The shop is listed with its operations, a link to its page and its replicas that are up.

    An unknown number of replicas is null.
    """
    found, notes = services(make())
    assert notes == []
    assert found["api"]["endpoints"] == [
        {"method": "GET", "path": "/api/v1/orders", "summary": "List", "auth": True},
        {"method": "POST", "path": "/api/v1/orders", "summary": "Place", "auth": False},
    ]
    assert found["api"]["links"][0]["url"] == "http://127.0.0.1:8000/api/docs"
    assert (found["api"]["up"], found["api"]["of"], found["worker"]["of"]) == (2, 2, None)


@pytest.mark.parametrize(
    "odd", [requests.ConnectionError("refused"), [1], {"paths": [1]}, {"paths": {"/x": 1}}], ids=str
)
def test_a_shop_that_does_not_describe_itself_is_reported(make: Callable[..., FakedConsole], odd: Any) -> None:
    """A shop without a valid description is reported in a note, and the rest of the page is shown."""
    found, notes = services(make(odd))
    assert found["api"]["endpoints"] == []
    assert found["api"]["up"] == 2
    assert len(notes) == 1
    assert notes[0].startswith("API ")


@pytest.mark.parametrize(("scraped", "shown"), [
    ({"victorialogs", "log-gateway"}, {"victorialogs", "log-gateway"}), ({"loki"}, {"loki"}), (set(), set()),
], ids=["VictoriaLogs", "Loki", "none yet"])  # fmt: skip
def test_the_log_store_that_runs_is_listed(
    make: Callable[..., FakedConsole], scraped: set[str], shown: set[str]
) -> None:
    """Only the log store that runs is listed, and the other kind does not count as missing."""
    found, _ = services(make(up=vector(({"job": "api"}, 2), *(({"job": job}, 1) for job in sorted(scraped)))))
    assert found.keys() & {"victorialogs", "log-gateway", "loki"} == shown
    assert all(found[name]["up"] == 1 for name in shown)


def test_prometheus_may_be_silent(make: Callable[..., FakedConsole]) -> None:
    """If Prometheus does not respond, no service is shown as down."""
    found, notes = services(make(up=requests.ConnectionError("refused")))
    assert found["api"]["of"] is None
    assert found["api"]["endpoints"]
    assert len(notes) == 1


def test_the_payment_services_endpoints_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The listed endpoints of the payment service are those of its application.

    They are listed by hand, because only workers can reach the service.
    """
    monkeypatch.setattr(payments.factory, "instrument_flask", lambda *_, **__: None)
    telemetry: Any = SimpleNamespace(registry=CollectorRegistry())
    app = payments.factory.create_app(SimpleNamespace(), telemetry, 1)  # type: ignore[arg-type]
    real = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    wanted = {(method, path) for method, path in real if method not in ("HEAD", "OPTIONS")}
    assert {(method, path) for method, path, _ in _PAYMENTS} == wanted


def test_the_console_lists_all_of_its_own(make: Callable[..., FakedConsole]) -> None:
    """The console lists all of its endpoints with a summary, and marks those that need a sign-in."""
    it = make()
    found, _ = services(it)
    own = {(one["method"], one["path"]): one for one in found["console"]["endpoints"]}
    assert all(one["summary"] for one in own.values())
    assert own["PUT", "/api/faults/<name>"]["auth"]
    assert not own["POST", "/api/alerts/webhook"]["auth"]
    for (method, path), one in own.items():
        filled = path.replace("<int:identity>", "1").replace("<identity>", "0" * 36).replace("<name>", "cache-off")
        if method != "GET":
            answer = it.client.open(filled, method=method, json={})
            assert (answer.status_code == 401) == one["auth"], path


@pytest.mark.parametrize("service", ["payments", "console"])
def test_a_document_is_made_of_the_endpoints(make: Callable[..., FakedConsole], service: str) -> None:
    """The link of a service leads to an OpenAPI document with the same endpoints."""
    it = make()
    entry = services(it)[0][service]
    document = it.client.get(entry["links"][0]["url"]).json
    assert document["openapi"] == "3.1.0"
    assert len(endpoints_of(document)) == len(entry["endpoints"])
    for path, operations in document["paths"].items():
        assert "<" not in path
        for operation in operations.values():
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            assert all(f"{{{name}}}" in path for name in names)
            assert len(names) == path.count("{")


def test_there_is_no_document_of_others(make: Callable[..., FakedConsole]) -> None:
    """A service without a document returns 404."""
    assert make().client.get("/api/services/redis/openapi.json").status_code == 404


def test_a_rule_becomes_a_path() -> None:
    """A Flask rule becomes a path with its parameters, whatever their converter."""
    one = {"method": "GET", "path": "/a/<int:x>/<y>", "summary": "S", "auth": True}
    document = document_of("t", "1", [one])
    operation = document["paths"]["/a/{x}/{y}"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["x", "y"]
    assert operation["security"] == [{"session": []}]
