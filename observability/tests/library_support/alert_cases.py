"""Input series of a healthy service, and cases that state exactly which alerts fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from glasshouse_observability.monitoring.promql import Selector
from glasshouse_observability.monitoring.rules.file import groups
from glasshouse_observability.monitoring.service import Service

WHOLE = Service("shop", Selector('job="web"'), Selector('job="worker"'))
"""The web processes and the workers are two jobs of the scrape configuration."""
SERVICE = replace(WHOLE, parts=WHOLE.parts - {"slo"})
"""The same without objectives, whose many recording rules take most of the time of an evaluation."""

WEB, WORKER = 'job="web", instance="web-1"', 'job="worker", instance="worker-1"'
HTTP, JOB = "http_server_request_duration_seconds", "rq_job_duration_seconds"
GOOD = 'http_request_method="GET", http_route="/things", http_response_status_code="200"'
BAD = 'http_request_method="GET", http_route="/things", http_response_status_code="500"'
MAIL = 'queue="mail", exported_job="tasks.send"'
DATABASE, WAIT, CALL = (
    "db_client_operation_duration_seconds", "db_client_connection_wait_time_seconds",
    "http_client_request_duration_seconds",
)  # fmt: skip
POOL = 'db_client_connection_pool_name="shop"'
PER_SAMPLE = 30
"""Samples are 30 seconds apart."""


def rising(amount: int) -> str:
    """Return the values of a counter that increases by ``amount`` with each sample, for four hours."""
    return f"0+{amount}x480"


def constant(value: float) -> str:
    """Return the values of a gauge, for four hours."""
    return f"{value}x480"


def healthy() -> dict[str, str]:
    """Return the series of a service with traffic, a few errors and slow requests, and nothing to alert on."""
    return {
        f"up{{{WEB}}}": constant(1),
        f"up{{{WORKER}}}": constant(1),
        f"process_start_time_seconds{{{WEB}}}": constant(1000),
        f"process_start_time_seconds{{{WORKER}}}": constant(1000),
        f"{HTTP}_count{{{WEB}, {GOOD}}}": rising(100),
        f"{HTTP}_count{{{WEB}, {BAD}}}": constant(0),
        f'{HTTP}_bucket{{{WEB}, {GOOD}, le="0.5"}}': rising(100),
        f'{HTTP}_bucket{{{WEB}, {BAD}, le="0.5"}}': constant(0),
        f'{JOB}_count{{{WORKER}, {MAIL}, outcome="finished"}}': rising(10),
        f'{JOB}_count{{{WORKER}, {MAIL}, outcome="failed"}}': constant(0),
        f'{JOB}_count{{{WORKER}, {MAIL}, outcome="crashed"}}': constant(0),
        f'rq_queue_oldest_job_age_seconds{{{WORKER}, queue="mail"}}': constant(5),
        f"rq_queue_scrape_errors_total{{{WORKER}}}": constant(0),
        f'{DATABASE}_count{{{WEB}, db_system_name="redis", db_operation_name="GET", error_type=""}}': rising(100),
        f"{WAIT}_count{{{WEB}, {POOL}}}": rising(100),
        f'{WAIT}_bucket{{{WEB}, {POOL}, le="0.5"}}': rising(100),
        f"db_client_connection_timeouts_total{{{WEB}, {POOL}}}": constant(0),
        f'{CALL}_count{{{WORKER}, server_address="pay", http_request_method="POST",'
        ' http_response_status_code="200"}': rising(20),
        f'telemetry_spans_exported_total{{{WEB}, outcome="sent"}}': rising(50),
        f'telemetry_spans_exported_total{{{WEB}, outcome="lost"}}': constant(0),
        f'telemetry_log_lines_total{{{WEB}, outcome="written"}}': rising(50),
        f'telemetry_log_lines_total{{{WEB}, outcome="lost"}}': constant(0),
        f'telemetry_label_overflow_total{{{WEB}, metric="m_total", label="l"}}': constant(0),
    }  # fmt: skip


@dataclass(frozen=True)
class Fires:
    """One alert that fires, with its labels besides ``service``, and the summary that people read."""

    alert: str
    labels: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Case:
    """A change of the healthy service, and the alerts that fire at ``at``: exactly these and no other.

    ``without`` are beginnings of series that the service does not have.
    """

    name: str
    series: Mapping[str, str]
    at: str
    fires: tuple[Fires, ...] = ()
    without: tuple[str, ...] = ()
    service: Service = field(default=SERVICE)

    def given(self) -> list[dict[str, str]]:
        series = {name: values for name, values in healthy().items() if not name.startswith(self.without or ("-",))}
        return [{"series": name, "values": values} for name, values in {**series, **self.series}.items()]

    def test(self) -> dict[str, Any]:
        """Return the case in promtool's format."""
        rules = [rule for group in groups(self.service) for rule in group["rules"] if "alert" in rule]
        return {
            "name": self.name,
            "interval": f"{PER_SAMPLE}s",
            "input_series": self.given(),
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": self.at,
                    "exp_samples": [
                        {"labels": f'{{alertname="{name}"}}', "value": count} for name, count in self._counts().items()
                    ],
                }
            ],
            "alert_rule_test": [self._exact(fired, rules) for fired in self.fires],
        }

    def _counts(self) -> dict[str, int]:
        names = [fired.alert for fired in self.fires]
        return {name: names.count(name) for name in names}

    def _exact(self, fired: Fires, rules: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the test of every label and annotation; only the texts without values come from the rule."""
        found = [rule for rule in rules if rule["alert"] == fired.alert]
        wanted = [rule for rule in found if set(rule["labels"].items()) <= {*fired.labels.items(), ("service", "shop")}]
        assert len(wanted) == 1, f"{fired.alert} has {len(wanted)} rules with the labels {fired.labels}"
        return {
            "eval_time": self.at,
            "alertname": fired.alert,
            "exp_alerts": [
                {
                    "exp_labels": {"service": "shop", **fired.labels},
                    "exp_annotations": {**wanted[0]["annotations"], "summary": fired.summary},
                }
            ],
        }
