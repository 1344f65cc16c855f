"""The API that switches faults, and the effect of the faults on the API."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.openapi import describe
from faults import flags
from faults.definitions import FAULTS
from faults.flags import Switched
from glasshouse_observability import Telemetry, TelemetrySettings
from shop.domain.account import Role
from tests.unit.app.conftest import Faulty

FAULTS_PATH = "/api/v1/admin/faults"
ON = {"percent": 100}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def telemetry(exporter: InMemorySpanExporter) -> Telemetry:
    return Telemetry(TelemetrySettings(service="api", instance="api-1"), exporter=exporter)


def attributes(telemetry: Telemetry, exporter: InMemorySpanExporter) -> dict[str, Any]:
    """Return the attributes of the last span that ended."""
    telemetry.provider.force_flush()
    return dict(exporter.get_finished_spans()[-1].attributes or {})


def test_all_faults_are_listed(faulty: Faulty) -> None:
    """The list contains every fault with its parameters; faults that need an agent are unavailable without one."""
    items = faulty.api.client.get(FAULTS_PATH, headers=faulty.admin()).get_json()["items"]
    assert [one["name"] for one in items] == list(FAULTS)
    assert {one["name"] for one in items if not one["available"]} == {
        name for name, fault in FAULTS.items() if fault.where == "agent"
    }
    errors = next(one for one in items if one["name"] == "api-errors")
    assert errors["takes"]["percent"] == {"allowed": "a number from 0.1 to 100", "default": 10}
    assert not any(one["on"] for one in items)


def test_a_switch_shows_how_long_and_who_set_it(faulty: Faulty) -> None:
    """The response to a switch and the list both show the parameters and the account that set the fault."""
    admin = faulty.admin()
    said = faulty.on("api-errors", {"seconds": 60, "percent": 25}).get_json()
    assert (said["on"], said["parameters"]) == (True, {"percent": 25})
    listed = faulty.api.client.get(FAULTS_PATH, headers=admin).get_json()["items"]
    assert said in listed
    account = faulty.api.accounts.by_email("root@example.com")
    assert account is not None
    assert said["by"] == account.id
    off = faulty.api.client.delete(f"{FAULTS_PATH}/api-errors", headers=admin).get_json()
    assert (off["on"], off["until"], off["by"]) == (False, None, None)
    assert flags.parse(faulty.flags.read_text()) == {}


def test_the_switch_is_for_admins_only(faulty: Faulty) -> None:
    """Every method returns 401 without a valid token and 403 to a customer, and nothing is written."""
    customer = faulty.api.as_(faulty.api.log_in("ann@example.com", Role.CUSTOMER)["access_token"])
    for method, path in (("GET", ""), ("PUT", "/api-errors"), ("DELETE", "/api-errors"), ("PUT", "/no-such")):
        for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 401), (customer, 403)):
            answer = faulty.api.client.open(f"{FAULTS_PATH}{path}", method=method, json={}, headers=headers)
            assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert not faulty.flags.exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_unknown_fault_is_not_found(faulty: Faulty, method: str) -> None:
    """An unknown fault returns 404 with the names of the known faults."""
    answer = faulty.api.client.open(f"{FAULTS_PATH}/api-eror", method=method, json={}, headers=faulty.admin())
    assert answer.status_code == 404
    assert "api-errors" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("name", "how", "pointer"),
    [
        ("api-errors", {"percent": 101}, "/percent"),
        ("api-errors", {"percent": "10"}, "/percent"),
        ("api-errors", {"seconds": 0}, "/seconds"),
        ("api-errors", {"seconds": 3601}, "/seconds"),
        ("api-errors", {"seconds": 1.5}, "/seconds"),
        ("api-errors", {"milliseconds": 5}, "/milliseconds"),
        ("api-errors", {"colour": "red"}, "/colour"),
        ("api-errors", {"route": "/api/v1/nothing"}, "/route"),
        ("api-errors", {"route": "/api/v1/auth/login"}, "/route"),
        ("api-errors", {"route": f"{FAULTS_PATH}/<name>"}, "/route"),
        ("api-errors", {"instance": "mongo"}, "/instance"),
        ("queue-stall", {"percent": 5}, "/percent"),
        ("log-flood", {"per_second": 100_000}, "/per_second"),
    ],
)
def test_a_wrong_parameter_is_refused(faulty: Faulty, name: str, how: dict[str, Any], pointer: str) -> None:
    """An invalid parameter returns 422 with its name, and nothing is switched."""
    answer = faulty.on(name, how)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert not faulty.flags.exists()


def test_what_needs_an_agent_is_refused_without_one(faulty: Faulty) -> None:
    """A fault that needs an agent returns 409 without one, because it would be listed as on and have no effect."""
    answer = faulty.on("redis-pause")
    assert (answer.status_code, answer.get_json()["title"]) == (409, "Conflict")
    assert not faulty.flags.exists()


def test_the_switch_marks_its_own_span_and_line(
    faulty: Faulty, telemetry: Telemetry, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """The span and the access log line of the request name the fault that it switched.

    A trace of that minute therefore shows who switched what.
    """
    with caplog.at_level(logging.INFO):
        # The response must be closed, as a client does after reading it, because only then it is logged.
        faulty.on("queue-stall").close()
    found = attributes(telemetry, exporter)
    assert (found["fault.switched"], found["fault.action"]) == ("queue-stall", "on")
    lines = {record.__dict__.get("event"): record.__dict__ for record in caplog.records}
    assert lines["http.request"]["fault_switched"] == "queue-stall"
    assert lines["fault.on"]["fault"] == "queue-stall"


def test_a_flag_file_that_cannot_be_written_is_reported(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag file that cannot be written returns 503 with the reason, because the state of the fault is unknown."""
    assert faulty.on("queue-stall").status_code == 200
    admin = faulty.admin()

    def read_only(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", read_only)
    answers = [faulty.on("api-errors"), faulty.api.client.delete(f"{FAULTS_PATH}/queue-stall", headers=admin)]
    for answer in answers:
        assert answer.status_code == 503
        assert "Read-only file system" in answer.get_json()["detail"]
    assert list(flags.parse(faulty.flags.read_text())) == ["queue-stall"]


@pytest.mark.parametrize("text", [b"{ no json", b"\xff\xfe\x00", b"[" * 100_000, b'{"flags": 7}'])
def test_a_broken_flag_file_can_be_switched_on_and_off(faulty: Faulty, text: bytes) -> None:
    """A broken flag file counts as all faults off, and the next switch replaces it."""
    faulty.flags.parent.mkdir()
    faulty.flags.write_bytes(text)
    admin = faulty.admin()
    items = faulty.api.client.get(FAULTS_PATH, headers=admin).get_json()["items"]
    assert not any(one["on"] for one in items)
    assert faulty.on("queue-stall").status_code == 200
    assert list(flags.parse(faulty.flags.read_text())) == ["queue-stall"]


def test_switching_at_once_loses_nothing(faulty: Faulty) -> None:
    """Eight faults that are switched at the same time are all on afterwards."""
    admin = faulty.admin()
    names = [name for name, fault in FAULTS.items() if fault.where != "agent"][:8]

    def switch(name: str) -> int:
        client = faulty.api.client.application.test_client()
        return client.put(f"{FAULTS_PATH}/{name}", json={}, headers=admin).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(switch, names)) == [200] * 8
    assert sorted(flags.parse(faulty.flags.read_text())) == sorted(names)


def test_a_share_of_requests_fails_and_says_why(
    faulty: Faulty, telemetry: Telemetry, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """An injected error returns 500, is counted and logged like a real defect, and is marked on the span."""
    assert faulty.on("api-errors", ON).status_code == 200
    assert faulty.api.client.get("/api/v1/products").status_code == 200
    faulty.faults.look()
    with caplog.at_level(logging.INFO):
        answer = faulty.api.client.get("/api/v1/products", buffered=True)
    assert (answer.status_code, answer.get_json()["type"]) == (500, "urn:glasshouse:problem:internal-server-error")
    assert "fault" not in answer.text
    assert attributes(telemetry, exporter)["fault.injected"] == "api-errors"
    assert caplog.records[-1].__dict__["fault_injected"] == "api-errors"
    labels = {"http_request_method": "GET", "http_route": "/api/v1/products", "http_response_status_code": "500"}
    assert telemetry.registry.get_sample_value("http_server_request_duration_seconds_count", labels) == 1


def test_a_fault_keeps_to_its_route(faulty: Faulty) -> None:
    """A fault with a route template affects only that route; a path that matches no route has no fault."""
    faulty.on("api-errors", {**ON, "route": "/api/v1/products/<product_id>"})
    faulty.faults.look()
    paths = ("/api/v1/products", "/api/v1/products/brass-desk-lamp", "/nowhere")
    assert [faulty.api.client.get(path).status_code for path in paths] == [200, 500, 404]


def test_the_switch_and_health_checks_have_no_faults(faulty: Faulty) -> None:
    """Health checks, log-in and the fault switch are exempt from errors and delays."""
    faulty.on("api-errors", ON)
    faulty.on("api-latency", ON)
    faulty.faults.look()
    assert [faulty.api.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    admin = faulty.admin()
    for name in ("api-errors", "api-latency"):
        assert faulty.api.client.delete(f"{FAULTS_PATH}/{name}", headers=admin).status_code == 200
    assert faulty.slept == []


def test_a_delayed_request_waits(faulty: Faulty, telemetry: Telemetry, exporter: InMemorySpanExporter) -> None:
    """A delayed request waits as long as requested and then succeeds; two faults on one request are both marked."""
    faulty.on("api-latency", {"milliseconds": 1500})
    faulty.faults.look()
    assert faulty.api.client.get("/api/v1/products").status_code == 200
    assert faulty.slept == [1.5]
    faulty.on("api-errors", ON)
    faulty.faults.look()
    assert faulty.api.client.get("/api/v1/products", buffered=True).status_code == 500
    assert attributes(telemetry, exporter)["fault.injected"] == "api-latency,api-errors"


def test_it_ends_without_the_switch(faulty: Faulty) -> None:
    """A fault ends when its time has elapsed, without a switch-off and without reading the flag file again."""
    now = time.time()
    flags.change(faulty.flags, lambda every: every.update({"api-errors": Switched(int(now), int(now) + 2, "x", ON)}))
    faulty.faults.look()
    client, ended = faulty.api.client, int(now) + 2
    while client.get("/api/v1/products").status_code == 500:
        assert time.time() < ended + 1
    assert time.time() >= ended


def test_without_faults_there_is_no_switch(api: Any) -> None:
    """Without fault injection the switch returns 404, even to admins, and is not in the document."""
    admin = api.as_(api.log_in("root@example.com", Role.ADMIN)["access_token"])
    assert api.client.put(f"{FAULTS_PATH}/api-errors", json={}, headers=admin).status_code == 404
    assert not any("faults" in path for path in describe(api.client.application)["paths"])


def test_the_document_has_the_switch(faulty: Faulty) -> None:
    """The document describes the switch with every fault name and every possible status."""
    paths = json.loads(faulty.api.client.get("/api/openapi.json").data)["paths"]
    put = paths[f"{FAULTS_PATH}/{{name}}"]["put"]
    assert put["parameters"][0]["schema"]["enum"] == list(FAULTS)
    assert {"200", "401", "403", "404", "409", "422", "503"} <= put["responses"].keys()
