"""Rows of requests, objectives and outgoing requests."""

from __future__ import annotations

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.dashboard import panels, queries
from glasshouse_observability.monitoring.dashboard.panels import Panel, Query, Row
from glasshouse_observability.monitoring.dashboard.queries import RATE, quantile, share
from glasshouse_observability.monitoring.rules import clients, http
from glasshouse_observability.monitoring.service import Service

_HTTP = "http_server_request_duration_seconds"
_CLIENT = "http_client_request_duration_seconds"


def requests(service: Service) -> Row:
    """Return rate, errors and duration of requests, as a whole and by route."""
    selector, routes = queries.web(service), service.routes()
    count, buckets = selector.of(f"{_HTTP}_count", routes), selector.of(f"{_HTTP}_bucket", routes)
    failed = selector.of(f"{_HTTP}_count", routes, 'http_response_status_code=~"5.."')
    return Row(
        "Requests",
        [
            Panel(
                "Requests by status",
                "Requests per second by response status. Excluded routes, such as probes, do not count.",
                panels.REQUESTS,
                [Query(promql.rate(count, RATE, "http_response_status_code"), "{{http_response_status_code}}")],
                stacked=True,
            ),
            Panel(
                "Error ratio",
                "Share of the requests that fail with a 5xx status. The line is the limit of HttpErrorRatioHigh.",
                panels.RATIO,
                [Query(share(failed, count), "failed")],
                limit=http.ERROR_RATIO,
            ),
            Panel(
                "Duration",
                "50 %, 95 % and 99 % of the requests took at most this long. The points are exemplars that link to"
                f" traces. The line is the time of the latency objective, {service.latency_seconds:g} s.",
                panels.SECONDS,
                [
                    Query(quantile(0.5, buckets), "p50"),
                    Query(quantile(0.95, buckets), "p95", exemplar=True),
                    Query(quantile(0.99, buckets), "p99"),
                ],
                limit=service.latency_seconds,
            ),
            Panel(
                "Requests by route",
                "Requests per second by route template.",
                panels.REQUESTS,
                [Query(promql.rate(count, RATE, "http_route"), "{{http_route}}")],
            ),
            Panel(
                "Error ratio by route",
                "Share of the requests to each route that fail with a 5xx status.",
                panels.RATIO,
                [Query(share(failed, count, "http_route"), "{{http_route}}")],
            ),
            Panel(
                "p95 by route",
                "95 % of the requests to the route took at most this long.",
                panels.SECONDS,
                [Query(quantile(0.95, buckets, "http_route"), "{{http_route}}")],
                limit=service.latency_seconds,
            ),
            Panel(
                "Slow requests",
                f"Share of the requests that take longer than {service.latency_seconds:g} s."
                " The line is the limit of HttpLatencyHigh.",
                panels.RATIO,
                [
                    Query(
                        f"1 - {promql.rate(_within(service), RATE)} / ({promql.rate(count, RATE)} > 0)",
                        f"above {service.latency_seconds:g} s",
                    )
                ],
                limit=http.SLOW_RATIO,
                width=12,
            ),
            Panel(
                "Requests in progress",
                "Requests in progress by instance. A plateau at the number of threads means that requests queue.",
                panels.COUNT,
                [Query(f"sum by (instance) ({selector.of('http_server_active_requests')})", "{{instance}}")],
                width=12,
            ),
        ],
    )


def _within(service: Service) -> str:
    bound = promql.boundary(service.latency_seconds)
    return queries.web(service).of(f"{_HTTP}_bucket", service.routes(), bound)


def objectives(service: Service) -> Row:
    """Return the remaining budgets and burn rates, from the series that the rules record."""
    own = f"{{service={promql.quoted(service.name)}}}"
    burn = f"slo:sli_error:ratio_rate%s{own} / on (slo, service) (1 - slo:objective:ratio{own})"
    return Row(
        "Objectives (recorded by the rules)",
        [
            Panel(
                "Remaining error budget",
                "What remains of the error budget of 30 days: 100 % all of it, below 0 the objective is missed."
                " Prometheus must keep its data for 31 days; with less, the period is shorter.",
                panels.RATIO,
                [Query(f"slo:period_error_budget_remaining:ratio{own}", "{{slo}}")],
                kind="stat",
                limit=0,
                low_is_bad=True,
            ),
            Panel(
                "Burn rate over 1 hour",
                "Share of bad events as a multiple of the allowed share. At 1 the budget lasts exactly 30 days;"
                " above 14.4 (the line) the tier page-fast fires if the last 5 minutes are above it too.",
                panels.BURN,
                [Query(burn % "1h", "{{slo}}")],
                limit=14.4,
            ),
            Panel(
                "Burn rate over 6 hours",
                "The same over 6 hours; above 6 (the line) the tier page-slow fires if the last 30 minutes are above"
                " it too.",
                panels.BURN,
                [Query(burn % "6h", "{{slo}}")],
                limit=6,
            ),
        ],
    )


def outgoing(service: Service) -> Row:
    """Return rate, errors and duration of outgoing requests by called server."""
    by = "server_address"
    failed = f'{_CLIENT}_count{{SELECTED, http_response_status_code=~"0|5.."}}'
    count, buckets = f"{_CLIENT}_count{{SELECTED}}", f"{_CLIENT}_bucket{{SELECTED}}"
    return Row(
        "Outgoing HTTP",
        [
            Panel(
                "Outgoing requests",
                "Requests per second that the application sends, by server.",
                panels.REQUESTS,
                queries.each(service, promql.rate(count, RATE, by), "{{server_address}}"),
            ),
            Panel(
                "Failed outgoing requests",
                "Share of the outgoing requests that get a 5xx status or no response."
                " The line is the limit of HttpClientErrors.",
                panels.RATIO,
                queries.each(service, share(failed, count, by), "{{server_address}}"),
                limit=clients.CALL_ERROR_RATIO,
            ),
            Panel(
                "p95 of outgoing requests",
                "95 % of the requests to the server took at most this long.",
                panels.SECONDS,
                queries.each(service, quantile(0.95, buckets, by), "{{server_address}}"),
            ),
        ],
    )
