"""Alerts on the scrape targets: down, absent, restarting, and up without the library's metrics."""

from __future__ import annotations

from collections.abc import Iterator

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.promql import Selector
from glasshouse_observability.monitoring.rules.alert import PAGE, TICKET, Rule, alert
from glasshouse_observability.monitoring.service import Service

RESTARTS = 3


def rules(service: Service) -> Iterator[Rule]:
    """Yield the alerts. Without them, a service that is down has no traffic, so no errors, and looks healthy."""
    for role, selector in service.roles():
        yield from _of_role(service, role, selector)
    if service.has("http"):
        bucket = service.web.of("http_server_request_duration_seconds_bucket", promql.boundary(service.latency_seconds))
        up = f"group({service.web.of('up')} == 1)"
        yield _missing(service, "http_server_request_duration_seconds", bucket, up)
    if service.has("jobs"):
        queues = service.jobs.of("rq_queue_scrape_errors_total")
        # Without a selector of workers, whether there are any is unknown until one was scraped.
        certain = ("worker", service.jobs) in service.roles()
        expected = f"group({service.jobs.of('up')} == 1)" if certain else f"group(present_over_time({queues}[1d]))"
        yield _missing(service, "rq_queue_scrape_errors_total", queues, expected)


def _of_role(service: Service, role: str, selector: Selector) -> Iterator[Rule]:
    up = selector.of("up")
    yield alert(
        service,
        "ServiceDown",
        f"max({up}) == 0",
        severity=PAGE,
        for_="1m",
        role=role,
        summary=f"no {role} process responds to Prometheus (up is {{{{ $value }}}} for every target, limit 1)",
        first_step="Check whether the processes run, and read the last lines of their logs.",
    )
    yield alert(
        service,
        "ServiceAbsent",
        f"absent({up})",
        severity=PAGE,
        for_="5m",
        role=role,
        summary=f"Prometheus has no {role} target (0 targets, limit 1)",
        first_step="Open /targets of Prometheus: check the scrape configuration and the selector of these rules.",
    )
    yield alert(
        service,
        "ServiceInstanceDown",
        f"{up} == 0\nand on () max({up}) == 1",
        severity=TICKET,
        for_="5m",
        role=role,
        summary="{{ $labels.instance }} does not respond to Prometheus (up is {{ $value }}, limit 1)",
        first_step="Check whether this process runs, and whether its metrics port can be reached from Prometheus.",
    )
    # Several gunicorn workers that share their metrics have no such series; the master replaces them.
    yield alert(
        service,
        "ProcessRestarting",
        f"changes({selector.of('process_start_time_seconds')}[30m]) > {RESTARTS}",
        severity=TICKET,
        for_="0s",
        role=role,
        summary=f"{{{{ $labels.instance }}}} restarted {{{{ $value }}}} times in 30 minutes, limit {RESTARTS}",
        first_step="Read the last log lines before a restart; look for exceptions at start and for killed processes.",
    )


def _missing(service: Service, metric: str, series: str, expected: str) -> Rule:
    return alert(
        service,
        "MetricsAbsent",
        f"{expected} unless on () group({series})",
        severity=TICKET,
        for_="15m",
        metric=metric,
        summary=f"{metric} has 0 of the expected series, limit 1; alerts on it cannot fire",
        first_step="Open /metrics of a process: check that it calls the library's instrument_ functions at start.",
    )
