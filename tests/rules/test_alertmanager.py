"""Alertmanager's routing and messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.rules.files import ALERTS, Check

CONFIG_FILE = ALERTS / "alertmanager.yml"
TEMPLATES = ALERTS / "templates" / "*.tmpl"


def message(check: Check, folder: Path, template: str, status: str) -> str:
    """What a template makes of one alert."""
    labels = {"alertname": "ApiErrorRatioHigh", "service": "api", "severity": "page"}
    annotations = {
        "summary": "12% of the requests to the API fail",
        "impact": "Customers cannot order.",
        "runbook_url": "/runbooks/ApiErrorRatioHigh",
        "log_query": '{service_name="api"}',
    }
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-11-23T04:00:00Z",
        "endsAt": "2026-11-23T04:05:30Z",
    }
    data = {
        "receiver": "on-call",
        "status": status,
        "alerts": [alert],
        "groupLabels": {"alertname": "ApiErrorRatioHigh", "service": "api"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://127.0.0.1:9093",
    }
    (folder / "data.json").write_text(json.dumps(data))
    said: str = check(
        "amtool",
        "template",
        "render",
        f"--template.glob={TEMPLATES}",
        f'--template.text={{{{ template "{template}" . }}}}',
        f"--template.data={folder / 'data.json'}",
    )
    return said


def test_configuration_is_valid(check: Check) -> None:
    """amtool accepts the configuration and finds its templates."""
    assert "1 templates" in check("amtool", "check-config", CONFIG_FILE)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=ApiErrorRatioHigh", "severity=page", "service=api"], "on-call"),
        (["alertname=SomethingNew"], "on-call"),
        (["alertname=Watchdog", "severity=none"], "none"),
    ],
)
def test_alert_reaches(check: Check, labels: list[str], receiver: str) -> None:
    """An alert reaches those on call, whatever its labels; only the Watchdog, which always fires, reaches nobody."""
    assert check("amtool", "config", "routes", "test", f"--config.file={CONFIG_FILE}", *labels).strip() == receiver


def test_firing_message_tells_what_to_do(check: Check, tmp_path: Path) -> None:
    """The text begins with what is wrong and names impact, time, runbook and query."""
    text = message(check, tmp_path, "glasshouse.text", "firing").strip()
    assert text.startswith("FIRING ApiErrorRatioHigh (page)\n12% of the requests to the API fail\n")
    assert "Impact: Customers cannot order." in text
    assert "Since: 2026-11-23 04:00:00 UTC" in text
    assert "/runbooks/ApiErrorRatioHigh" in text
    assert '{service_name="api"}' in text
    assert "<no value>" not in text


def test_resolved_message_is_short(check: Check, tmp_path: Path) -> None:
    """The text of an alert that is over says from when to when, and asks for nothing."""
    text = message(check, tmp_path, "glasshouse.text", "resolved").strip()
    assert text.startswith("RESOLVED ApiErrorRatioHigh\nIt fired from 2026-11-23 04:00:00 to 04:05:30 UTC.")
    assert "Impact" not in text


def test_subject_fits_a_phone(check: Check, tmp_path: Path) -> None:
    """The subject is one short line: state, alert, service."""
    subject = message(check, tmp_path, "glasshouse.subject", "firing").strip()
    assert subject == "[FIRING:1] ApiErrorRatioHigh (api)"
