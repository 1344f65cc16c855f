"""The rules and the dashboard that the library writes: their metrics are declared, and their page describes them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

from deploy.telemetry_docs import metrics
from glasshouse_observability.monitoring.dashboard import page
from glasshouse_observability.monitoring.promql import Selector
from glasshouse_observability.monitoring.rules.file import groups
from glasshouse_observability.monitoring.service import Service
from stack.paths import ROOT

PAGE = ROOT / "docs" / "library" / "rules.md"
TEXT = PAGE.read_text()
TWO_JOBS = Service("shop", Selector('job="web"'), Selector('job="worker"'))
ONE_JOB = replace(TWO_JOBS, jobs=TWO_JOBS.web)

SELECTION = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
MATCHED = re.compile(r"""(\w+)(?:=~|!~|!=|=)(?:"(?:[^"\\]|\\.)*")""")
GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")
OF_TARGETS = {"job", "instance"}
OTHERS: dict[str, set[str]] = {
    "up": set(),
    "process_start_time_seconds": set(),
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "ALERTS": {"service", "alertname", "severity", "alertstate"},
}
"""Metrics of Prometheus and of prometheus_client, with their labels."""


def rules() -> Iterator[dict[str, Any]]:
    for service in (TWO_JOBS, ONE_JOB):
        for group in groups(service):
            yield from group["rules"]


def recorded() -> dict[str, set[str]]:
    return {rule["record"]: set(rule["labels"]) for rule in rules() if "record" in rule}


def expressions() -> list[str]:
    """Return every expression of the rules, the dashboard and the page, without repetition."""
    found = [rule["expr"] for rule in rules()]
    for service in (TWO_JOBS, ONE_JOB):
        model = json.loads(page.text(service))
        found += [target["expr"] for panel in model["panels"] for target in panel.get("targets", [])]
        found += [variable["query"]["query"] for variable in model["templating"]["list"] if variable["type"] == "query"]
        found += [annotation["expr"] for annotation in model["annotations"]["list"]]
    found += [block for block in re.findall(r"```text\n(.*?)\n```", TEXT, re.S) if "__name__" not in block]
    return list(dict.fromkeys(found))


@cache
def labels_of_metrics() -> dict[str, set[str]]:
    """Return the labels of each series by name; a histogram has three, one of them with ``le``."""
    found = {name: labels | OF_TARGETS for name, labels in OTHERS.items()} | recorded()
    for metric in metrics.declared():
        # Prometheus renames a label of the metric that is also a label of the target.
        labels = {f"exported_{label}" if label in OF_TARGETS else label for label in metric.labels} | OF_TARGETS
        if metric.type == "histogram":
            found |= {f"{metric.name}_count": labels, f"{metric.name}_sum": labels}
            found[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            found[metric.name] = labels
    return found


def unknown(expr: str) -> set[str]:
    """Return the metrics and labels of an expression that nothing declares."""
    known = labels_of_metrics()
    wrong: set[str] = set()
    available: set[str] = set()
    for name, matchers in SELECTION.findall(expr):
        labels = known.get(name)
        if labels is None:
            wrong.add(name)
            continue
        available |= labels
        wrong |= {f"{name}: {label}" for label in MATCHED.findall(matchers) if label not in labels}
    for names in GROUPED.findall(expr):
        wrong |= {name for name in re.split(r",\s*", names) if name and available and name not in available}
    return wrong


def test_every_metric_and_label_is_declared() -> None:
    """Rules, panels and the page use only metrics and labels that the code declares."""
    found = expressions()
    assert len(found) > 150
    assert {expr: wrong for expr in found if (wrong := unknown(expr))} == {}


@pytest.mark.parametrize(
    ("expr", "wrong"),
    [
        ('rate(http_requests_total{job="web"}[5m])', {"http_requests_total"}),
        ('up{job="web", pod="a"}', {"up: pod"}),
        ('sum by (route) (rate(http_server_request_duration_seconds_count{job="web"}[5m]))', {"route"}),
        ('rq_job_duration_seconds_sum{job="web", le="1"}', {"rq_job_duration_seconds_sum: le"}),
    ],
)
def test_an_unknown_metric_or_label_is_found(expr: str, wrong: set[str]) -> None:
    """The check can fail."""
    assert unknown(expr) == wrong


def sections() -> dict[str, str]:
    part = TEXT.split("\n## Alerts\n")[1].split("\n## ")[0]
    return {name: body.strip() for name, body in re.findall(r"### (\w+)\n(.*?)(?=\n### |\Z)", part, re.S)}


def test_the_page_has_a_section_for_each_alert() -> None:
    """Each alert has a section that begins with its severity and contains a query, and the address leads to it."""
    alerts: dict[str, set[str]] = {}
    for rule in rules():
        if "alert" in rule:
            alerts.setdefault(rule["alert"], set()).add(rule["labels"]["severity"])
            assert rule["annotations"]["runbook_url"] == f"docs/library/rules.md#{rule['alert'].lower()}"
    written = sections()
    assert list(written) == list(dict.fromkeys(written))
    assert set(written) == set(alerts)
    for name, severities in alerts.items():
        assert written[name].startswith(
            {1: f"{min(severities).capitalize()}. ", 2: "Page or ticket, "}[len(severities)]
        )
        assert "```text" in written[name]


@pytest.mark.parametrize("alert", sorted({rule["alert"] for rule in rules() if "alert" in rule}))
def test_each_alert_states_what_to_do(alert: str) -> None:
    """Each alert names the service and a limit in its summary, and has a first step and a severity."""
    for rule in rules():
        if rule.get("alert") == alert:
            assert rule["annotations"]["summary"].startswith("shop: ")
            assert "limit " in rule["annotations"]["summary"]
            assert rule["annotations"]["description"].endswith(".")
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert rule["labels"]["service"] == "shop"
            assert rule["for"]
            assert rule["keep_firing_for"]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command.replace("\\\n", " "))
    if words[0] == "python":
        words[0] = sys.executable
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"})


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    """Each command of the page succeeds, and promtool accepts the file."""
    commands = [
        command
        for block in re.findall(r"```bash\n(.*?)```", TEXT, re.S)
        for command in re.split(r"\n(?!\s{6,})", re.sub(r"(?m)^   ?(?=\S)", "", block).strip())
    ]
    assert len(commands) == 4
    outputs = [run(command.strip(), tmp_path) for command in commands]
    assert [output.returncode for output in outputs] == [0, 0, 0, 0]
    assert "wrote shop-rules.yml\nwrote shop-dashboard.json" in TEXT
    assert outputs[0].stderr + outputs[1].stderr == "wrote shop-rules.yml\nwrote shop-dashboard.json\n"


def test_the_errors_of_the_page_are_literal(tmp_path: Path) -> None:
    """Each error that the page shows is what the command prints, with status 2."""
    shown = re.findall(r"(?m)^\$ (python .+)\n(.+)$", TEXT)
    assert len(shown) == 3
    for command, message in shown:
        ran = run(command, tmp_path)
        assert (ran.returncode, ran.stderr) == (2, f"{message}\n")


def test_the_page_lists_every_option(tmp_path: Path) -> None:
    """The table has the options of the help text, in any order."""
    help_text = run("python -m glasshouse_observability rules --help", tmp_path).stdout
    listed = set(re.findall(r"(?m)^\| `(--[\w-]+)", TEXT))
    assert listed == set(re.findall(r"(?m)^  (--[\w-]+)", help_text))


def lost(before: object, after: object, place: str = "") -> Iterator[str]:
    """Yield the places of a document whose values are absent or different in another."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from lost(one, other, f"{place}/{index}")
    elif before != after:
        yield place


# File provisioning and import of Grafana 13 reject the newer model.
@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2")
def test_the_dashboard_is_in_grafanas_classic_model() -> None:
    """Grafana's SDK reads every field of the dashboard and of its queries, and writes the same ones."""
    from grafana_foundation_sdk.models.dashboard import Dashboard  # it warns when it is imported

    register_default_plugins()
    for service in (TWO_JOBS, ONE_JOB):
        model = page.model(service)
        written = json.loads(JSONEncoder().encode(Dashboard.from_json(model)))
        assert list(lost(model, written)) == []
    wrong = {**model, "colour": "red"}
    assert list(lost(wrong, json.loads(JSONEncoder().encode(Dashboard.from_json(wrong))))) == ["/colour"]
