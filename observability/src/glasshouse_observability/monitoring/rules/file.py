"""The rule file: its groups and its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from glasshouse_observability.monitoring import tiers, yaml_text
from glasshouse_observability.monitoring.rules import clients, http, jobs, slo, targets, telemetry
from glasshouse_observability.monitoring.rules.alert import Rule
from glasshouse_observability.monitoring.service import Service


def groups(service: Service) -> list[dict[str, Any]]:
    """Return the groups of rules, in Prometheus's format."""
    found = [_group(service, name, rules, tiers.EVERY) for name, rules in _alerts(service)]
    for objective in slo.objectives(service):
        own = slo.ObjectiveRules(service, objective)
        # Rules of a group are evaluated in order and at the same time, so its alerts read the values just recorded.
        found.append(_group(service, f"slo-{objective.slo}", own.often(), tiers.EVERY))
        found.append(_group(service, f"slo-{objective.slo}-period", own.rarely(), tiers.PERIOD_EVERY))
    return found


def _alerts(service: Service) -> Iterator[tuple[str, Iterable[Rule]]]:
    yield "targets", targets.rules(service)
    if service.has("http"):
        yield "http", http.rules(service)
    if service.has("jobs"):
        yield "jobs", jobs.rules(service)
    if service.has("databases"):
        yield "databases", clients.database_rules(service)
    if service.has("http-client"):
        yield "http-client", clients.http_client_rules(service)
    yield "telemetry", telemetry.rules(service)


def _group(service: Service, name: str, rules: Iterable[Rule], interval: str) -> dict[str, Any]:
    return {"name": f"{service.name}: {name}", "interval": interval, "rules": list(rules)}


def text(service: Service, command: str) -> str:
    """Return the rule file; its first line contains the command that writes it."""
    shown = "".join(character if character.isprintable() else " " for character in command)
    head = (
        f"# Written by: {shown}\n"
        "# Prometheus rules of glasshouse-observability, for Prometheus 2.42 and newer; docs/library/rules.md\n"
    )
    return head + yaml_text.dump({"groups": groups(service)})
