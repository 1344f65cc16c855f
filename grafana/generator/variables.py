"""The variables of the dashboards. A name has the same meaning on every dashboard, because links pass variables on."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from grafana.generator.sources import PROMETHEUS


def choice(name: str, label: str, help_text: str, metric: str, of: str) -> builders.QueryVariable:
    """Return a variable that selects any number of a label's values, by default all."""
    everything = models.VariableOption(selected=True, text="All", value="$__all")
    return (
        builders.QueryVariable(name)
        .label(label)
        .description(help_text)
        .datasource(PROMETHEUS)
        .query({"query": f"label_values({metric}, {of})", "refId": name})
        .definition(f"label_values({metric}, {of})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(everything)
    )


def typed(name: str, label: str, help_text: str) -> builders.TextBoxVariable:
    """Return a variable for text input."""
    return builders.TextBoxVariable(name).label(label).description(help_text).default_value("")


def routes() -> builders.QueryVariable:
    """Return the variable of the API's route templates."""
    metric = 'http_server_request_duration_seconds_count{job="api", http_route!~"/healthz|/readyz"}'
    return choice("route", "Route", "Route templates of the API.", metric, "http_route")


def replicas(jobs: str) -> builders.QueryVariable:
    """Return the variable of the instances of the given jobs."""
    return choice("instance", "Replica", "Processes (replicas of a service).", f'up{{job=~"{jobs}"}}', "instance")


def services() -> builders.QueryVariable:
    """Return the variable of the scraped jobs."""
    return choice("job", "Service", "Services (jobs in Prometheus).", "up", "job")


def caches() -> builders.QueryVariable:
    """Return the variable of the kinds of cache."""
    return choice("cache", "Cache", "Kinds of cache.", "cache_requests_total", "cache")


def slos() -> builders.QueryVariable:
    """Return the variable of the service level objectives."""
    return choice("slo", "SLO", "Service level objectives.", "slo:objective:ratio", "slo")
