"""``/api/requests``: the lists, and one request found by any of its IDs, with servers available or down."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry

from console.app import create_app, received_counter
from console.config.settings import Settings
from console.inbox.mail import email_item
from console.inbox.store import Inbox
from console.lookup.lists import query_of
from console.servers.http import Reply

ORDER = "ord_01a206d64eaa6533dcd70761a6ed47f7"
TRACE = "2c75bd6562d49b53faf190930b30a30e"
REQUEST = "76a58b5b35f9b41490d588337b8d3a35"
LINES, ALERTS = "/loki/api/v1/query_range", "/api/v2/alerts"
SAMPLES, EXEMPLARS = "/api/v1/query", "/api/v1/query_exemplars"
DOWN = requests.ConnectionError("refused")
NOTHING = {"data": {"resultType": "streams", "result": []}}


def stream(**fields: str) -> dict[str, Any]:
    """Return a stream of one log line in Loki's format."""
    return {"stream": fields, "values": [["1790000000000000000", "said"]]}


@pytest.fixture
def well(recorded: Callable[[str], Any]) -> dict[str, Any]:
    """Return the responses of servers that are all available, about one recorded order."""
    return {
        f"/api/v1/orders/{ORDER}": recorded("order"),
        f"/api/traces/{TRACE}": recorded("jaeger_trace"),
        LINES: recorded("loki_lines"),
        SAMPLES: {"data": {"resultType": "vector", "result": []}},
        EXEMPLARS: recorded("exemplars"),
        ALERTS: recorded("alerts"),
        "/": Reply(200, {}, None, "<title>Jaeger UI</title>"),
    }


@pytest.fixture
def console_over(inbox: Inbox, tmp_path: Any, fake_transport: Any) -> Callable[..., SimpleNamespace]:
    """Return a factory of consoles over servers with these responses."""

    def make(answers: dict[str, Any]) -> SimpleNamespace:
        transport = fake_transport(answers)
        settings = Settings.from_env({"CONSOLE_STATE_DIR": str(tmp_path)})
        app = create_app(settings, inbox, received_counter(CollectorRegistry()), lambda: True, transport=transport)
        return SimpleNamespace(client=app.test_client(), transport=transport, inbox=inbox)

    return make


@pytest.mark.parametrize("identity", [REQUEST, TRACE, ORDER])
def test_a_request_is_followed_from_each_of_its_ids(
    console_over: Callable[..., SimpleNamespace], well: dict[str, Any], identity: str
) -> None:
    """A request is found by each of its IDs, with its trace, log lines, order, exemplars and e-mails."""
    faked_console = console_over(well)
    faked_console.inbox.add("email", email_item(f"Subject: Thanks\r\nX-Order-ID: {ORDER}\r\n\r\n".encode(), "", []))
    story = faked_console.client.get(f"/api/requests/{identity}").json
    assert (story["request_id"], story["trace_id"], story["order"]["id"]) == (REQUEST, TRACE, ORDER)
    assert story["trace"]["services"][0] == "api"
    assert [state["status"] for state in story["order"]["states"]][-1] == "confirmed"
    assert [mail["subject"] for mail in story["emails"]] == ["Thanks"]
    assert len(story["log_fields"]) == len(story["logs"]) > 0
    assert {"Trace in Jaeger", "Latency in Prometheus"} <= {link["title"] for link in story["links"]}
    assert all({"trace_id", "seconds", "at", "route", "method"} == set(one) for one in story["exemplars"])


def test_spans_come_with_what_they_carry(console_over: Callable[..., SimpleNamespace], well: dict[str, Any]) -> None:
    """Each span has its attributes, its events and its part of the critical path."""
    story = console_over(well).client.get(f"/api/requests/{REQUEST}").json
    details = story["details"].values()
    assert len(details) == story["trace"]["spans"]
    assert any(one["attributes"] for one in details)
    on_path = sum(long for one in details for _, long in one["path"])
    assert 0 < on_path <= story["trace"]["duration_ms"] + 0.01


def test_an_order_is_found_without_log_lines(
    console_over: Callable[..., SimpleNamespace], well: dict[str, Any]
) -> None:
    """An order is found without log lines, because the shop returns its trace ID."""
    story = console_over({**well, LINES: NOTHING}).client.get(f"/api/requests/{ORDER}").json
    assert story["trace_id"] == TRACE
    assert "The log store has no log lines for this request." in story["notes"]


@pytest.mark.parametrize(
    ("path", "name"),
    [(LINES, "Log store"), (f"/api/traces/{TRACE}", "Jaeger"), (EXEMPLARS, "Prometheus"), (ALERTS, "Alertmanager")],
)
def test_what_one_server_cannot_say_the_others_do(
    console_over: Callable[..., SimpleNamespace], well: dict[str, Any], path: str, name: str
) -> None:
    """If one server is down, the other servers' data is shown with a note that names the server."""
    answer = console_over({**well, path: DOWN}).client.get(f"/api/requests/{ORDER}")
    assert answer.status_code == 200
    assert any(note.startswith(f"{name} does not respond") for note in answer.json["notes"])
    assert answer.json["order"]["id"] == ORDER


def test_an_unknown_id_is_answered_with_what_was_asked(console_over: Callable[..., SimpleNamespace]) -> None:
    """An unknown ID returns 404, and the message names a server that is down and might have had it."""
    faked_console = console_over({LINES: DOWN})
    answer = faked_console.client.get("/api/requests/nothing")
    assert answer.status_code == 404
    assert "No request, trace or order with this ID was found." in answer.json["detail"]
    assert "Log store does not respond" in answer.json["detail"]


@pytest.mark.parametrize("identity", ["a b", 'x"} | evil', "x" * 129, "%3Cscript%3E"])
def test_an_invalid_id_is_not_queried(console_over: Callable[..., SimpleNamespace], identity: str) -> None:
    """A text that is not an ID returns 404 and is not sent to any server, so that it cannot change a query."""
    faked_console = console_over({})
    assert faked_console.client.get(f"/api/requests/{identity}").status_code == 404
    assert faked_console.transport.asked == []


def test_following_is_bounded(console_over: Callable[..., SimpleNamespace]) -> None:
    """Looking up requests is limited, because each lookup queries several servers."""
    client = console_over({LINES: NOTHING}).client
    statuses = [client.get("/api/requests/nothing").status_code for _ in range(200)]
    assert statuses[:20] == [404] * 20
    assert 429 in statuses


def test_requests_and_jobs_are_listed(console_over: Callable[..., SimpleNamespace]) -> None:
    """Requests and jobs are listed with their status, their time and their ID."""
    lines = [
        stream(
            service_name="api",
            event="http.request",
            http_request_method="GET",
            http_route="/x",
            http_response_status_code="503",
            duration_seconds="0.25",
            trace_id=TRACE,
        ),
        stream(service_name="worker", event="rq.job", job="fulfil_order", outcome="finished", duration_seconds="?"),
    ]
    found = console_over({LINES: {"data": {"result": lines}}}).client.get("/api/requests?kind=slow").json["requests"]
    assert [(one["method"], one["route"], one["status"], one["is_failed"], one["seconds"]) for one in found] == [
        ("GET", "/x", "503", True, 0.25),
        ("JOB", "fulfil_order", "finished", False, 0.0),
    ]


def test_each_list_asks_for_its_own() -> None:
    """Each list has its own query.

    Slow requests are those above the given time; failed ones have a status of 500 or more, or are jobs that failed.
    """
    assert query_of("slow", 0.25).endswith("| duration_seconds >= 0.25")
    assert "http_response_status_code >= 500" in query_of("failed")
    assert 'service_name!="console"' in query_of("recent")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=all", "kind must be one of recent, slow, failed."),
        ("minutes=0", "minutes"),
        ("minutes=1441", "minutes"),
        ("limit=301", "limit"),
        ("milliseconds=x", "milliseconds"),
    ],
)
def test_a_wrong_list_is_refused(console_over: Callable[..., SimpleNamespace], query: str, sentence: str) -> None:
    """An invalid parameter of a list returns 400 with the reason."""
    answer = console_over({}).client.get(f"/api/requests?{query}")
    assert answer.status_code == 400
    assert sentence in answer.json["detail"]


def test_a_list_without_loki_says_so(console_over: Callable[..., SimpleNamespace]) -> None:
    """A list without Loki returns 502 with a sentence for the user."""
    answer = console_over({LINES: DOWN}).client.get("/api/requests")
    assert answer.status_code == 502
    assert "Log store does not respond" in answer.json["detail"]
