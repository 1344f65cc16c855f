"""Alertmanager's configuration is valid in each form, and every kind of alert has its receiver."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from stack.alertmanager_config import rendered
from tests.rules.alerts import labels, rules
from tests.rules.files import ALERTS, Check

CONFIG_FILE = ALERTS / "alertmanager.yml"
RECEIVERS = {"page": "pages", "ticket": "tickets", "none": "none"}
SECRETS = ("slack_url", "pagerduty_key", "opsgenie_key")
KINDS = list(
    product(
        (*RECEIVERS, "critical", ""),
        ("shop", "telemetry", "host", "elsewhere"),
        ("MongoDown", "ApiErrorRatioHigh", "ReplicaDown", "SomethingNew"),
    )
)


def receiver(check: Check, alert: dict[str, str]) -> str:
    """Return the receiver that Alertmanager selects for an alert."""
    given = [f"{name}={value}" for name, value in alert.items() if value]
    said: str = check("amtool", "config", "routes", "test", f"--config.file={CONFIG_FILE}", *given)
    return said.strip()


def test_configuration_is_valid(check: Check) -> None:
    """amtool accepts the configuration with all receivers, and finds its templates."""
    assert "templates" in check("amtool", "check-config", CONFIG_FILE)


@pytest.mark.parametrize(
    "there", [(), *((name,) for name in SECRETS), SECRETS], ids=lambda there: "+".join(there) or "-"
)
def test_configuration_is_valid_for_each_set_of_secrets(check: Check, tmp_path: Path, there: tuple[str, ...]) -> None:
    """The configuration stays valid without any of the receivers, and has this instance's mail server address."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "templates").symlink_to(ALERTS / "templates")
    for name in there:
        (tmp_path / "secrets" / name).write_text("http://127.0.0.1:9/")
    text = rendered(CONFIG_FILE.read_text(), "127.0.0.1:1125", tmp_path)
    (tmp_path / "alertmanager.yml").write_text(text)
    check("amtool", "check-config", tmp_path / "alertmanager.yml")
    assert [name for name in SECRETS if f"_file: secrets/{name}" in text] == list(there)
    assert "smtp_smarthost: 127.0.0.1:1125\n" in text


@pytest.mark.parametrize(("severity", "scope", "name"), KINDS)
def test_kind_of_alert_reaches(check: Check, severity: str, scope: str, name: str) -> None:
    """The severity selects the receiver, regardless of scope and name. An alert without a known severity pages."""
    alert = {"alertname": name, "severity": severity, "scope": scope}
    assert receiver(check, alert) == RECEIVERS.get(severity, "pages")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: "-".join((rule["alert"], rule["labels"].get("tier", ""))))
def test_alert_reaches_its_receiver(check: Check, rule: dict[str, dict[str, str]]) -> None:
    """Each alert of the rules reaches the receiver of its severity."""
    alert = {name: value for name, value in labels(rule).items() if "{{" not in value}
    assert receiver(check, alert) == RECEIVERS[alert["severity"]]
