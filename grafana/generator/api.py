"""The API dashboard: rate, errors and duration by route and replica, and the dependencies of requests."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import When, heatmap, lines, number, series
from grafana.generator.sources import as_heatmap, log_lines, over_time
from grafana.generator.tables import Column, Label, table
from grafana.generator.thresholds import Limit
from grafana.generator.variables import replicas, routes

CHOSEN = 'job="api", http_route=~"$route", http_route!~"/healthz|/readyz", instance=~"$instance"'
COUNT = f"http_server_request_duration_seconds_count{{{CHOSEN}}}"
FAILED = f'http_server_request_duration_seconds_count{{{CHOSEN}, http_response_status_code=~"5.."}}'
BUCKETS = f'http_server_request_duration_seconds_bucket{{{CHOSEN}, http_route!~".*/events"}}'
RATE = "$__rate_interval"


def page() -> Page:
    """Build the dashboard of the API."""
    help_text = "The API by route and replica: rate, errors and duration, followed by the dependencies of its requests."
    return Page(
        "glasshouse-api", help_text, [_noticed(), _by_route(), _causes(), _logged()], [routes(), replicas("api")]
    )


def _noticed() -> Row:
    return Row(
        "Symptoms that customers notice",
        [
            series(
                "Requests by status",
                "Requests per second by response status.",
                units.REQUESTS,
                [
                    over_time(
                        f"sum by (http_response_status_code) (rate({COUNT}[{RATE}]))", "{{http_response_status_code}}"
                    )
                ],
                width=8,
                stack=True,
            ),
            series(
                "Error ratio",
                "Share of requests answered with a 5xx, by replica. The line is the limit of ApiErrorRatioHigh.",
                units.RATIO,
                [
                    over_time(
                        f"""(sum by (instance) (rate({FAILED}[{RATE}]))
                        or 0 * sum by (instance) (rate({COUNT}[{RATE}])))
                        / (sum by (instance) (rate({COUNT}[{RATE}])) > 0)""",
                        "{{instance}}",
                    )
                ],
                width=8,
                limit=Limit("ApiErrorRatioHigh"),
            ),
            series(
                "Latency",
                "Request duration: p50, p95 and p99. The points are exemplars that link to traces.",
                units.SECONDS,
                [
                    over_time(
                        f"histogram_quantile({quantile}, sum by (le) (rate({BUCKETS}[{RATE}])))",
                        f"p{name}",
                        exemplar=name == "95",
                    )
                    for quantile, name in (("0.5", "50"), ("0.95", "95"), ("0.99", "99"))
                ],
                width=8,
                limit=Limit("ApiLatencyHigh"),
            ),
            heatmap(
                "Request durations",
                "Requests per second by range of duration. Two bands indicate two kinds of request.",
                as_heatmap(f"sum by (le) (rate({BUCKETS}[{RATE}]))"),
                width=12,
            ),
            series(
                "p95 by replica",
                "95 % of requests took at most this long, by replica. Compare the replicas.",
                units.SECONDS,
                [over_time(f"histogram_quantile(0.95, sum by (le, instance) (rate({BUCKETS}[5m])))", "{{instance}}")],
                width=12,
                limit=Limit("ApiLatencyHigh"),
            ),
        ],
    )


def _by_route() -> Row:
    to_route = link("glasshouse-api", route="${__data.fields.Route:percentencode}")
    by = "http_route, http_request_method"
    return Row(
        "By route",
        [
            table(
                "Routes",
                "Each route over the last five minutes. Click a route to show only that route.",
                [Label("http_route", "Route", to_route), Label("http_request_method", "Method")],
                [
                    Column("Requests/s", f"sum by ({by}) (rate({COUNT}[5m]))", units.REQUESTS),
                    Column(
                        "Failed",
                        f"""(sum by ({by}) (rate({FAILED}[5m])) or 0 * sum by ({by}) (rate({COUNT}[5m])))
                        / (sum by ({by}) (rate({COUNT}[5m])) > 0)""",
                        units.RATIO,
                        Limit("ApiErrorRatioHigh"),
                        decimals=1,
                    ),
                    Column(
                        "p50",
                        f"histogram_quantile(0.5, sum by ({by}, le) (rate({BUCKETS}[5m])))",
                        units.SECONDS,
                    ),
                    Column(
                        "p95",
                        f"histogram_quantile(0.95, sum by ({by}, le) (rate({BUCKETS}[5m])))",
                        units.SECONDS,
                        Limit("ApiLatencyHigh"),
                    ),
                ],
                width=24,
                height=10,
            ),
            series(
                "Requests by route",
                "Requests per second by route template. Raw paths never become labels.",
                units.REQUESTS,
                [over_time(f"sum by (http_route) (rate({COUNT}[{RATE}]))", "{{http_route}}")],
                links={"Only this route": link("glasshouse-api", route="${__field.labels.http_route:percentencode}")},
            ),
            series(
                "p95 by route",
                "95 % of requests to the route took at most this long.",
                units.SECONDS,
                [
                    over_time(
                        f"histogram_quantile(0.95, sum by (le, http_route) (rate({BUCKETS}[5m])))", "{{http_route}}"
                    )
                ],
                limit=Limit("ApiLatencyHigh"),
                links={"Only this route": link("glasshouse-api", route="${__field.labels.http_route:percentencode}")},
            ),
        ],
    )


def _causes() -> Row:
    return Row(
        "Dependencies and capacity",
        [
            series(
                "Requests in progress",
                "Requests in progress per replica. A plateau at its number of threads means that requests queue.",
                units.COUNT,
                [
                    over_time(
                        'sum by (instance) (http_server_active_requests{job="api", instance=~"$instance"})',
                        "{{instance}}",
                    )
                ],
                width=8,
            ),
            series(
                "Database and cache: p95",
                "95 % of the API's operations took at most this long, by server.",
                units.SECONDS,
                [
                    over_time(
                        f"""histogram_quantile(0.95, sum by (le, db_system_name) (rate(
                        db_client_operation_duration_seconds_bucket{{job="api", instance=~"$instance"}}[{RATE}])))""",
                        "{{db_system_name}}",
                    )
                ],
                width=8,
                limit=Limit("MongoSlow"),
                links={"Data": link("glasshouse-data")},
            ),
            series(
                "CPU of the replicas",
                "Share of one core that each replica uses. A replica near 1 is saturated.",
                units.RATIO,
                [
                    over_time(
                        f'rate(process_cpu_seconds_total{{job="api", instance=~"$instance"}}[{RATE}])', "{{instance}}"
                    )
                ],
                width=8,
                links={"Host and processes": link("glasshouse-host", job="api")},
            ),
            series(
                "NGINX connections",
                "Open connections of NGINX, and those that it is reading, writing or keeping idle.",
                units.COUNT,
                [
                    over_time("sum(nginx_connections_active)", "active"),
                    over_time("sum(nginx_connections_reading)", "reading"),
                    over_time("sum(nginx_connections_writing)", "writing"),
                    over_time("sum(nginx_connections_waiting)", "waiting"),
                ],
                width=12,
            ),
            series(
                "NGINX requests",
                "Requests per second at NGINX, including those that it rejects or answers without the API.",
                units.REQUESTS,
                [
                    over_time(f"sum(rate(nginx_http_requests_total[{RATE}]))", "NGINX"),
                    over_time(f"sum(rate({COUNT}[{RATE}]))", "API"),
                ],
                width=9,
            ),
            number(
                "Front door",
                "Whether NGINX responds to its exporter.",
                units.NONE,
                over_time("min(nginx_up)"),
                limit=Limit("all", low=True),
                words={"0": ("down", "red"), "1": ("up", "green")},
                width=3,
                height=8,
                graph=False,
            ),
            series(
                "Replicas that are up",
                "Whether Prometheus can scrape each replica: 1 yes, 0 no.",
                units.COUNT,
                [over_time('max by (instance) (up{job="api", instance=~"$instance"})', "{{instance}}")],
                width=24,
                height=5,
            ),
        ],
    )


def _logged() -> Row:
    return Row(
        "Log lines of requests",
        [
            lines(
                "Failed requests",
                "Log lines of requests that were answered with a 5xx status. Each links to its trace.",
                log_lines('{service_name="api"} | event="http.request" | http_response_status_code >= 500'),
                width=12,
                when=When("after a request failed", "a database that is unavailable"),
            ),
            lines(
                "Slow requests",
                "Log lines of requests that took 100 ms or more. Each links to its trace.",
                log_lines('{service_name="api"} | event="http.request" | duration_seconds >= 0.1'),
                width=12,
                when=When("after a slow request", "a database that is unavailable, or fault api-latency"),
            ),
        ],
    )
