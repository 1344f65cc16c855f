"""Alerts on requests: errors and duration."""

from __future__ import annotations

from collections.abc import Iterator

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.rules.alert import PAGE, Rule, alert
from glasshouse_observability.monitoring.service import Service

ERROR_RATIO, FEWEST_ERRORS = 0.05, 5
SLOW_RATIO, FEWEST_SLOW = 0.25, 10
WINDOW, WINDOW_SECONDS = "5m", 300
"""Long enough for a scrape interval of one minute."""


def rules(service: Service) -> Iterator[Rule]:
    """Yield the alerts. Half an event less than the minimum is required, because a rate is extrapolated."""
    count = "http_server_request_duration_seconds_count"
    requests = promql.rate(service.web.of(count, service.routes()), WINDOW)
    errors = promql.rate(service.web.of(count, service.routes(), 'http_response_status_code=~"5.."'), WINDOW)
    yield alert(
        service,
        "HttpErrorRatioHigh",
        f"{errors}\n/ ({requests} > 0)\n> {ERROR_RATIO}\nand {errors} * {WINDOW_SECONDS} > {FEWEST_ERRORS - 0.5}",
        severity=PAGE,
        for_="2m",
        summary="{{ $value | humanizePercentage }} of the requests fail with a 5xx status,"
        f" limit {ERROR_RATIO:.0%}",
        first_step="Find the route that fails (dashboard, row Requests) and read the exceptions in its log lines.",
    )
    within = service.web.of(
        "http_server_request_duration_seconds_bucket", service.routes(), promql.boundary(service.latency_seconds)
    )
    slow = f"({requests} - {promql.rate(within, WINDOW)})"
    yield alert(
        service,
        "HttpLatencyHigh",
        f"{slow}\n/ ({requests} > 0)\n> {SLOW_RATIO}\nand {slow} * {WINDOW_SECONDS} > {FEWEST_SLOW - 0.5}",
        severity=PAGE,
        for_="2m",
        summary=f"{{{{ $value | humanizePercentage }}}} of the requests take longer than {service.latency_seconds:g} s,"
        f" limit {SLOW_RATIO:.0%}",
        first_step="Find the slow route (dashboard, row Requests) and open the trace of an exemplar.",
    )
