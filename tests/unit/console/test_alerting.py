"""Alerts as the page shows them, and silences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from console.inbox.store import Inbox
from console.servers.http import Reply
from tests.unit.console.consoles import EMAIL, SIGN_IN, FakedConsole, faked_console

ALERTS, SILENCES = "/api/v2/alerts", "/api/v2/silences"
IDENTITY = "0d1e6a52-2f0b-4a53-9f3c-0b7a6f0a1c11"
ASKED = {"labels": {"alertname": "ApiDown", "service": "api"}, "minutes": 60, "reason": "we are deploying"}


def alert(name: str, severity: str, state: str = "active", **said: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "severity": severity},
        "annotations": said,
        "startsAt": "2026-11-24T10:00:00Z",
        "status": {"state": state, "silencedBy": [], "inhibitedBy": ["x"] if state == "suppressed" else []},
        "fingerprint": name,
        "receivers": [{"name": "pages"}],
    }


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console whose Alertmanager gives these responses."""
    return lambda answers: faked_console(inbox, tmp_path, fake_transport(SIGN_IN | answers))


def test_pages_come_first(make: Callable[..., FakedConsole]) -> None:
    """Pages are listed first, then tickets, then alerts of severity none.

    Each has its impact, its links and whether another alert inhibits it.
    """
    alerts = [
        alert("Watchdog", "none"),
        alert("QueueOld", "ticket", "suppressed"),
        alert("ApiDown", "page", impact="Customers cannot order.", runbook_url="/runbooks/ApiDown", summary="No API."),
    ]
    shown = make({ALERTS: alerts, SILENCES: []}).client.get("/api/alerts").json
    assert [one["name"] for one in shown["alerts"]] == ["ApiDown", "QueueOld", "Watchdog"]
    first = shown["alerts"][0]
    assert (first["impact"], first["runbook"]) == ("Customers cannot order.", "/runbooks/ApiDown")
    assert [one["inhibited"] for one in shown["alerts"]] == [False, True, False]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x"])
def test_a_link_that_could_run_something_is_left_out(make: Callable[..., FakedConsole], url: str) -> None:
    """A link that could run a script is left out, because annotations contain label values of other systems."""
    shown = make({ALERTS: [alert("A", "page", runbook_url=url, dashboard_url=url)], SILENCES: []})
    (one,) = shown.client.get("/api/alerts").json["alerts"]
    assert not one["runbook"]
    assert not one["dashboard"]


def test_a_silent_alertmanager_is_reported(make: Callable[..., FakedConsole]) -> None:
    """If Alertmanager does not respond, the list of alerts is null and not empty."""
    down = requests.ConnectionError("refused")
    shown = make({ALERTS: down, SILENCES: down}).client.get("/api/alerts").json
    assert shown["alerts"] is None
    assert "Alertmanager does not respond" in shown["notes"][0]


def test_silences_that_are_over_are_left_out(make: Callable[..., FakedConsole]) -> None:
    """Active and pending silences are shown, and expired ones are not."""
    silences = [{"id": state, "status": {"state": state}} for state in ("active", "pending", "expired")]
    shown = make({ALERTS: [], SILENCES: silences}).client.get("/api/alerts").json
    assert [one["id"] for one in shown["silences"]] == ["active", "pending"]


def test_a_silence_says_who_and_why(make: Callable[..., FakedConsole]) -> None:
    """A silence has exactly the given labels, its duration, its author and its reason.

    The next request for the list contains it.
    """
    it = make({ALERTS: [], SILENCES: ([], {"silenceID": IDENTITY}, [{"id": IDENTITY, "status": {"state": "active"}}])})
    it.sign_in()
    assert it.client.get("/api/alerts").json["silences"] == []
    answer = it.client.post("/api/alerts/silences", json=ASKED, headers=it.headers)
    assert (answer.status_code, answer.json) == (201, {"id": IDENTITY})
    (sent,) = it.asked("POST", SILENCES)
    assert (sent["createdBy"], sent["comment"]) == (EMAIL, "we are deploying")
    assert sent["matchers"] == [
        {"name": "alertname", "value": "ApiDown", "isRegex": False, "isEqual": True},
        {"name": "service", "value": "api", "isRegex": False, "isEqual": True},
    ]
    assert sent["startsAt"] < sent["endsAt"]
    assert len(it.client.get("/api/alerts").json["silences"]) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "    x   "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1441}, "minutes"),
        ({"minutes": "60"}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": None}, "minutes"),
        ({"labels": None}, "labels"),
        ({"labels": {}}, "labels"),
        ({"labels": {"service": "api"}}, "labels"),
        ({"labels": {"alertname": ""}}, "labels"),
        ({"labels": {"alertname": ["A"]}}, "labels"),
        ({"labels": {"alertname": "A", "a b": "c"}}, "labels"),
        ({"labels": {"alertname": "A", "b": "c" * 301}}, "labels"),
        ({"labels": {"alertname": "A"} | {f"l{n}": "x" for n in range(30)}}, "labels"),
    ],
    ids=str,
)
def test_a_wrong_silence_is_refused(make: Callable[..., FakedConsole], wrong: dict[str, Any], said: str) -> None:
    """An invalid silence returns 400 with the name of the field, and a silence for all alerts is never created."""
    it = make({}).sign_in()
    answer = it.client.post("/api/alerts/silences", json=ASKED | wrong, headers=it.headers)
    assert answer.status_code == 400
    assert said in answer.json["detail"]
    assert it.asked("POST", SILENCES) == []


@pytest.mark.parametrize(
    "reply", [Reply(400, {}, None, "bad matcher"), requests.ConnectionError("refused"), {"odd": 1}]
)
def test_a_silence_that_was_not_made_is_an_error(make: Callable[..., FakedConsole], reply: Any) -> None:
    """A silence that Alertmanager did not create returns 502 with Alertmanager's name."""
    it = make({SILENCES: reply}).sign_in()
    answer = it.client.post("/api/alerts/silences", json=ASKED, headers=it.headers)
    assert answer.status_code == 502
    assert "Alertmanager" in answer.json["detail"]


@pytest.mark.parametrize(
    ("identity", "reply", "status"),
    [(IDENTITY, Reply(200), 204), (IDENTITY, Reply(404), 404), (IDENTITY, Reply(500), 502), ("all", Reply(200), 404)],
)
def test_a_silence_is_ended(make: Callable[..., FakedConsole], identity: str, reply: Reply, status: int) -> None:
    """A silence can be ended, and an unknown one returns 404.

    A name that is not a valid ID is not sent to Alertmanager.
    """
    it = make({f"/api/v2/silence/{identity}": reply}).sign_in()
    assert it.client.delete(f"/api/alerts/silences/{identity}", headers=it.headers).status_code == status
    assert len(it.asked("DELETE", f"/api/v2/silence/{identity}")) == (0 if identity == "all" else 1)
