"""Alerts in the composed stack reach the inbox from Prometheus through Alertmanager by webhook and e-mail.

The tests of the native stack prove that the same rules fire during an outage. Here an alert is posted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.compose.composed import Composed
from tests.e2e.test_outages import orders_work
from tests.waiting import wait_until

NAME = "PostedByTest"
# A separate scope forms a separate group, and no incident mutes an alert without a layer (alerts/alertmanager.yml).
LABELS = {"alertname": NAME, "severity": "page", "scope": "test", "service": "test"}
ANNOTATIONS = {"summary": "A test has posted this", "impact": "None", "runbook_url": "/runbooks/Watchdog"}


def post(stack: Composed, began: datetime, ends: datetime) -> None:
    alert = {"labels": LABELS, "annotations": ANNOTATIONS, "startsAt": began.isoformat(), "endsAt": ends.isoformat()}
    answer = requests.post(f"{stack.url('alertmanager')}/api/v2/alerts", json=[alert], timeout=10)
    assert answer.status_code == 200, answer.text


def received(stack: Composed, kind: str) -> list[dict[str, Any]]:
    items = stack.get("console", "/api/inbox", kind=kind, limit=1000)["items"]
    return [item for item in items if NAME in str(item)]


def test_every_rule_is_evaluated(stack: Composed) -> None:
    """Prometheus has loaded all rules, and none of them fails."""

    def health() -> set[str]:
        groups = stack.get("prometheus", "/api/v1/rules")["data"]["groups"]
        assert len(groups) > 10
        return {rule["health"] for group in groups for rule in group["rules"]}

    wait_until("an evaluation of every rule", lambda: health() == {"ok"}, 120)


def test_prometheus_sends_alerts_to_alertmanager(stack: Composed) -> None:
    """Alertmanager has the watchdog alert, which always fires."""
    asked = {"filter": 'alertname="Watchdog"'}
    found = wait_until("the watchdog in Alertmanager", lambda: stack.get("alertmanager", "/api/v2/alerts", **asked), 90)
    assert found[0]["labels"]["severity"] == "none"


def test_an_alert_and_its_end_reach_the_inbox_by_webhook_and_by_mail(stack: Composed) -> None:
    """An alert that is posted to Alertmanager, and then its end, reach the inbox by webhook and e-mail."""
    began = datetime.now(UTC)
    post(stack, began, began + timedelta(minutes=10))
    try:
        wait_until("the alert", lambda: [one for one in received(stack, "alert") if one["status"] == "firing"], 60)
        wait_until("its mail", lambda: [m for m in received(stack, "email") if m["subject"].startswith("PAGE")], 30)
    finally:
        post(stack, began, datetime.now(UTC))
    wait_until("its end", lambda: [one for one in received(stack, "alert") if one["status"] == "resolved"], 90)
    wait_until(
        "the e-mail of its end",
        lambda: [m for m in received(stack, "email") if m["subject"].startswith("RESOLVED")],
        30,
    )


@pytest.fixture
def without_database(stack: Composed) -> Any:
    """Stop MongoDB and start it again at the end."""
    assert stack.launcher("stop", "mongo").returncode == 0
    yield
    assert stack.launcher("start", "mongo").returncode == 0
    wait_until("orders to work again", lambda: orders_work(stack), 90)
    wait_until("MongoDB to be healthy", lambda: stack.container("mongo")["State"]["Health"]["Status"] == "healthy", 60)


def test_without_its_database_the_shop_refuses_orders(stack: Composed, without_database: None) -> None:
    """The API returns 503 through NGINX without its database and recovers automatically."""
    assert stack.place_order().status_code == 503
