"""Expressions that several rows share; each is limited to the jobs and instances that the variables select."""

from __future__ import annotations

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.dashboard.panels import Query
from glasshouse_observability.monitoring.promql import Selector
from glasshouse_observability.monitoring.service import Service

RATE = "$__rate_interval"
CHOSEN = ('job=~"$job"', 'instance=~"$instance"')


def web(service: Service) -> Selector:
    """Return the selector of the web processes that the variables select."""
    return service.web.narrowed(*CHOSEN)


def workers(service: Service) -> Selector:
    """Return the selector of the workers that the variables select."""
    return service.jobs.narrowed(*CHOSEN)


def everywhere(service: Service) -> list[tuple[str, Selector]]:
    """Return the selectors of all processes, with a prefix of the legend if there is more than one."""
    roles = service.roles()
    return [(f"{role} " if len(roles) > 1 else "", selector.narrowed(*CHOSEN)) for role, selector in roles]


def quantile(share: float, series: str, by: str = "", window: str = RATE) -> str:
    """Return a quantile of a histogram's buckets, by the labels ``by``."""
    grouping = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({grouping}) (rate({series}[{window}])))"


def share(wrong: str, every: str, by: str = "") -> str:
    """Return the share of the events ``wrong`` in ``every``: 0 without wrong events, no value without events."""
    errors, events = promql.rate(wrong, RATE, by), promql.rate(every, RATE, by)
    return f"({errors} or 0 * {events}) / ({events} > 0)"


def each(service: Service, expr: str, legend: str) -> list[Query]:
    """Return one query for each role; ``expr`` has ``SELECTED`` where the matchers belong."""
    return [
        Query(expr.replace("SELECTED", selector.matchers), f"{prefix}{legend}")
        for prefix, selector in everywhere(service)
    ]
