"""``/api/dashboards`` and ``/api/query``: bounds, unavailable servers, and each kind of query."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from console.app import create_app, received_counter
from console.config.settings import Settings
from console.inbox.store import Inbox

TRACE = "2c75bd6562d49b53faf190930b30a30e"
RANGE, INSTANT, LINES = "/api/v1/query_range", "/api/v1/query", "/loki/api/v1/query_range"
DOWN = requests.ConnectionError("refused")
ONE = {"id": "1.A", "source": "prometheus", "kind": "range", "expr": "up", "start": 1000, "end": 1300, "step": 5}


def matrix(*values: list[Any]) -> dict[str, Any]:
    """Return Prometheus' response with one series."""
    return {"data": {"resultType": "matrix", "result": [{"metric": {"job": "api"}, "values": list(values)}]}}


@pytest.fixture
def boards(inbox: Inbox, tmp_path: Path, fake_transport: Any) -> Callable[..., SimpleNamespace]:
    """Return a factory of consoles over servers with these responses, each with its ``client`` and ``transport``."""
    folder = tmp_path / "dashboards"
    folder.mkdir()
    (folder / "b.json").write_text(json.dumps({"uid": "b", "title": "B", "panels": []}))
    (tmp_path / "panels.json").write_text(json.dumps({"b": {"P": {"data": {"when": "later"}}}}))

    def make(answers: dict[str, Any]) -> SimpleNamespace:
        transport = fake_transport(answers)
        settings = Settings.from_env({"CONSOLE_DASHBOARDS_DIR": str(folder), "CONSOLE_STATE_DIR": str(tmp_path)})
        app = create_app(settings, inbox, received_counter(CollectorRegistry()), lambda: True, transport=transport)
        return SimpleNamespace(client=app.test_client(), transport=transport)

    return make


def asked(client: FlaskClient, *queries: dict[str, Any]) -> dict[str, Any]:
    """Return the results of a batch."""
    answer = client.post("/api/query", json={"queries": list(queries)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json["answers"]
    return found


def test_a_dashboard_comes_as_it_is(boards: Callable[..., SimpleNamespace]) -> None:
    """A dashboard is returned unchanged, together with the declarations about its panels."""
    client = boards({}).client
    assert client.get("/api/dashboards").json["dashboards"] == [{"uid": "b", "title": "B", "description": ""}]
    assert client.get("/api/dashboards/b").json == {
        "dashboard": {"uid": "b", "title": "B", "panels": []},
        "declared": {"P": {"data": {"when": "later"}}},
    }


def test_an_unknown_dashboard_is_answered_with_those_there_are(boards: Callable[..., SimpleNamespace]) -> None:
    """An unknown dashboard returns 404 with the available UIDs."""
    answer = boards({}).client.get("/api/dashboards/nothing")
    assert answer.status_code == 404
    assert answer.json["detail"] == "There is no such dashboard. Available: b."


def test_a_batch_is_answered_question_by_question(boards: Callable[..., SimpleNamespace]) -> None:
    """Each query of a batch has its own result: range, instant, scalar, labels or exemplars.

    A value that is not a finite number is null.
    """
    vector = {"data": {"resultType": "vector", "result": [{"metric": {}, "value": [1300, "0.5"]}]}}
    exemplars = [
        {
            "seriesLabels": {"le": "1"},
            "exemplars": [
                {"labels": {"trace_id": TRACE}, "value": "0.7", "timestamp": 1200},
                {"labels": {}, "value": "0.1", "timestamp": 1201},
            ],
        }
    ]
    faked_console = boards(
        {
            RANGE: matrix([1000, "1"], [1005, "NaN"], [1010, "+Inf"]),
            INSTANT: (vector, {"data": {"resultType": "scalar", "result": [1300, "7"]}}),
            "/api/v1/label/job/values": {"data": ["api", "worker"]},
            "/api/v1/query_exemplars": {"data": exemplars},
        }
    )
    found = asked(
        faked_console.client,
        ONE,
        {**ONE, "id": "l", "kind": "labels", "label": "job"},
        {**ONE, "id": "e", "kind": "exemplars"},
    )
    assert found["1.A"] == {
        "series": [{"labels": {"job": "api"}, "values": [[1000, 1.0], [1005, None], [1010, None]]}],
        "left_out": 0,
    }
    assert found["l"] == {"values": ["api", "worker"]}
    assert found["e"] == {"exemplars": [{"trace_id": TRACE, "value": 0.7, "at": 1200.0}]}
    instant = {**ONE, "id": "i", "kind": "instant"}
    assert asked(faked_console.client, instant)["i"]["series"][0]["values"] == [[1300, 0.5]]
    assert asked(faked_console.client, instant)["i"]["series"] == [{"labels": {}, "values": [[1300, 7.0]]}]


def test_loki_gives_lines_and_numbers(boards: Callable[..., SimpleNamespace], recorded: Callable[[str], Any]) -> None:
    """Loki's lines are returned newest first, with times that JavaScript does not round, and its numbers as series."""
    faked_console = boards({LINES: (recorded("loki_lines"), matrix([1000, "3"]))})
    logs = asked(faked_console.client, {**ONE, "source": "loki", "kind": "logs", "limit": 50})["1.A"]["lines"]
    assert all(isinstance(line["ns"], str) for line in logs)
    assert [line["ns"] for line in logs] == sorted((line["ns"] for line in logs), reverse=True)
    assert faked_console.transport.asked[-1][2]["limit"] == 50
    numbers = asked(faked_console.client, {**ONE, "source": "loki"})
    assert numbers["1.A"]["series"][0]["values"] == [[1000, 3.0]]


def test_a_trace_comes_as_a_tree(boards: Callable[..., SimpleNamespace], recorded: Callable[[str], Any]) -> None:
    """A trace is returned as a tree.

    A text that is not a trace ID is not queried, so that an empty box is not an error.
    """
    faked_console = boards({f"/api/traces/{TRACE}": recorded("jaeger_trace")})
    trace = {**ONE, "source": "jaeger", "kind": "trace"}
    found = asked(faked_console.client, {**trace, "expr": TRACE}, {**trace, "id": "none", "expr": ""})
    assert found["1.A"]["trace"]["parts"][0]["type"] == "span"
    assert found["none"] == {"trace": None}
    assert len(faked_console.transport.asked) == 1


def test_a_server_that_is_down_is_shown_in_its_panel(boards: Callable[..., SimpleNamespace]) -> None:
    """The error of a server that is down is shown in its panel, and other panels have their results."""
    faked_console = boards({RANGE: matrix([1000, "1"]), LINES: DOWN})
    found = asked(faked_console.client, ONE, {**ONE, "id": "2.A", "source": "loki", "kind": "logs"})
    assert found["1.A"]["series"]
    assert "Log store does not respond at" in found["2.A"]["error"]


def test_more_series_than_can_be_drawn_are_counted(boards: Callable[..., SimpleNamespace]) -> None:
    """At most 200 series are returned, together with the number of series that were left out."""
    result = [{"metric": {"n": str(number)}, "values": [[1000, "1"]]} for number in range(203)]
    found = asked(boards({RANGE: {"data": {"resultType": "matrix", "result": result}}}).client, ONE)["1.A"]
    assert (len(found["series"]), found["left_out"]) == (200, 3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": "grafana"}, "queries.0.source: Input should be 'prometheus', 'loki' or 'jaeger'"),
        ({"kind": "delete"}, "queries.0.kind: Input should be"),
        ({"end": 900}, "end must be after start, by at most 45 days"),
        ({"end": 1000 + 46 * 86400, "step": 86400}, "end must be after start, by at most 45 days"),
        ({"step": 0.1}, "at most 2000 points: increase the step"),
        ({"step": 0}, "queries.0.step: Input should be greater than 0"),
        ({"limit": 501}, "queries.0.limit: Input should be less than or equal to 500"),
        ({"start": "yesterday"}, "queries.0.start: Input should be a valid number"),
        ({"start": float("nan")}, "queries.0.start"),
        ({"expr": "x" * 8001}, "queries.0.expr: String should have at most 8000 characters"),
        ({"url": "http://127.0.0.1:6379"}, "queries.0.url: Extra inputs are not permitted"),
        ({"kind": "labels", "label": "../admin"}, "label must be a valid label name"),
        ({"source": "loki", "kind": "exemplars"}, "loki supports the query kinds range, instant, logs"),
    ],
)
def test_a_question_out_of_bounds_is_refused(
    boards: Callable[..., SimpleNamespace], change: dict[str, Any], sentence: str
) -> None:
    """A query outside the bounds returns 400 with the reason, and no server is queried."""
    faked_console = boards({})
    answer = faked_console.client.post("/api/query", json={"queries": [{**ONE, **change}]})
    assert answer.status_code == 400
    assert sentence in answer.json["detail"]
    assert faked_console.transport.asked == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"queries": []}, "at least 1 item"),
        ({"queries": [ONE] * 61}, "at most 60 items"),
        ({}, "queries: Field required"),
        ([ONE], "The body must be a JSON object."),
        ({"queries": [ONE, ONE]}, "the queries' ids must be unique"),
    ],
)
def test_a_wrong_batch_is_refused(boards: Callable[..., SimpleNamespace], body: Any, sentence: str) -> None:
    """A batch must contain between 1 and 60 queries, each with a unique ID."""
    answer = boards({}).client.post("/api/query", json=body)
    assert answer.status_code == 400
    assert sentence in answer.json["detail"]


def test_a_form_of_another_page_is_refused(boards: Callable[..., SimpleNamespace]) -> None:
    """A form of another page is refused, because only JSON is accepted, which another page cannot send unasked."""
    answer = boards({}).client.post("/api/query", data=json.dumps({"queries": [ONE]}), content_type="text/plain")
    assert answer.status_code == 415


def test_too_many_questions_are_put_off(boards: Callable[..., SimpleNamespace]) -> None:
    """Too many queries return 429 with ``Retry-After`` before any server is queried."""
    faked_console = boards({RANGE: matrix([1000, "1"])})
    batch = {"queries": [{**ONE, "id": str(number)} for number in range(60)]}
    statuses = [faked_console.client.post("/api/query", json=batch) for _ in range(12)]
    refused = [answer for answer in statuses if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert len(faked_console.transport.asked) == 60 * (len(statuses) - len(refused))
