"""The overview dashboard: symptoms that customers notice, objectives, firing alerts and possible causes."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.causes import causes
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import number, series
from grafana.generator.sources import over_time
from grafana.generator.tables import Column, Label, table
from grafana.generator.thresholds import Limit

REQUESTS = 'http_server_request_duration_seconds_count{job="api", http_route!~"/healthz|/readyz"}'
FAILED = 'http_server_request_duration_seconds_count{job="api", http_response_status_code=~"5.."}'
BUCKETS = 'http_server_request_duration_seconds_bucket{job="api", http_route!~"/healthz|/readyz|.*/events"}'
FIRING = 'ALERTS{alertstate="firing", severity="%s"}'


def page() -> Page:
    """Build the overview dashboard."""
    help_text = "The state of the shop: symptoms that customers notice, followed by possible causes."
    return Page("glasshouse-overview", help_text, [_well(), _promises(), _requests(), _orders(), causes()])


def _well() -> Row:
    return Row(
        "Is the shop healthy?",
        [
            number(
                "Current error ratio",
                "Share of requests to the API that were answered with a 5xx status during the last minute.",
                units.RATIO,
                over_time(f"(sum(rate({FAILED}[1m])) or vector(0)) / (sum(rate({REQUESTS}[1m])) > 0) or vector(0)"),
                limit=Limit("ApiErrorRatioHigh"),
                decimals=2,
                links={"Per route": link("glasshouse-api")},
            ),
            number(
                "p95 latency",
                "95 % of requests to the API were answered within this time (event streams excluded).",
                units.SECONDS,
                over_time(f"histogram_quantile(0.95, sum by (le) (rate({BUCKETS}[5m])))"),
                limit=Limit("ApiLatencyHigh"),
                links={"Per route": link("glasshouse-api")},
            ),
            number(
                "Oldest unfinished order",
                "Age of the oldest order that is not yet confirmed, failed or cancelled. 0 means that there is none.",
                units.SECONDS,
                over_time("max(shop_orders_oldest_unfinished_seconds)"),
                limit=Limit("OrdersStuck"),
                links={"Orders and workers": link("glasshouse-orders")},
            ),
            number(
                "Confirmed orders per minute",
                "Orders per minute that were paid and confirmed, averaged over the last five minutes.",
                units.COUNT,
                over_time('sum(rate(shop_orders_total{outcome="confirmed"}[5m])) * 60'),
                decimals=1,
                links={"Orders and workers": link("glasshouse-orders")},
            ),
            number(
                "Pages firing",
                "Number of pages that are firing now.",
                units.COUNT,
                over_time(f"count({FIRING % 'page'}) or vector(0)"),
                limit=Limit("none"),
            ),
            number(
                "Tickets firing",
                "Number of firing alerts that can wait until working hours.",
                units.COUNT,
                over_time(f"count({FIRING % 'ticket'}) or vector(0)"),
                limit=Limit("none"),
            ),
        ],
    )


def _promises() -> Row:
    to_slo = link("glasshouse-slo", slo="${__data.fields.SLO:percentencode}")
    return Row(
        "Objectives and alerts",
        [
            table(
                "Service level objectives",
                "Each objective: good events over one hour, burn rate, and remaining budget of 30 days.",
                [Label("slo", "SLO", to_slo), Label("service", "Service")],
                [
                    Column("Objective", "max by (slo, service) (slo:objective:ratio)", units.RATIO, decimals=2),
                    Column(
                        "Kept, 1 h", "max by (slo, service) (1 - slo:sli_error:ratio_rate1h)", units.RATIO, decimals=2
                    ),
                    Column(
                        "Burn rate",
                        "max by (slo, service) (slo:current_burn_rate:ratio)",
                        units.BURN,
                        Limit("burning"),
                        decimals=1,
                    ),
                    Column(
                        "Budget left",
                        "max by (slo, service) (slo:period_error_budget_remaining:ratio)",
                        units.RATIO,
                        Limit("budget spent", low=True),
                        decimals=1,
                    ),
                ],
                width=14,
            ),
            table(
                "Firing alerts",
                "All firing alerts. Watchdog always fires: if it is missing, no other alert arrives.",
                [
                    Label("alertname", "Alert"),
                    Label("severity", "Severity"),
                    Label("service", "Service"),
                    Label("layer", "Layer"),
                    Label("tier", "Tier"),
                ],
                [
                    Column(
                        "Firing",
                        'count by (alertname, severity, service, layer, tier) (ALERTS{alertstate="firing"})',
                        units.COUNT,
                    )
                ],
                width=10,
            ),
        ],
    )


def _requests() -> Row:
    return Row(
        "Requests: rate, errors, duration",
        [
            series(
                "Requests by status class",
                "Requests to the API per second, by status class. Probes are excluded.",
                units.REQUESTS,
                [
                    over_time(
                        f"""sum by (class) (label_replace(rate({REQUESTS}[$__rate_interval]),
                        "class", "${{1}}xx", "http_response_status_code", "(.).."))""",
                        "{{class}}",
                    )
                ],
                width=8,
                stack=True,
                links={"Per route": link("glasshouse-api")},
            ),
            series(
                "Error ratio",
                "Share of requests that were answered with a 5xx status. The line is the limit of ApiErrorRatioHigh.",
                units.RATIO,
                [
                    over_time(
                        f"""(sum(rate({FAILED}[$__rate_interval])) or vector(0))
                        / (sum(rate({REQUESTS}[$__rate_interval])) > 0)""",
                        "failed",
                    )
                ],
                width=8,
                limit=Limit("ApiErrorRatioHigh"),
                links={"Per route": link("glasshouse-api")},
            ),
            series(
                "Latency",
                "Request duration: p50, p95 and p99. The points are exemplars that link to traces.",
                units.SECONDS,
                [
                    over_time(
                        f"histogram_quantile({quantile}, sum by (le) (rate({BUCKETS}[$__rate_interval])))",
                        f"p{name}",
                        exemplar=name == "95",
                    )
                    for quantile, name in (("0.5", "50"), ("0.95", "95"), ("0.99", "99"))
                ],
                width=8,
                limit=Limit("ApiLatencyHigh"),
                links={"Per route": link("glasshouse-api")},
            ),
        ],
    )


def _orders() -> Row:
    return Row(
        "Orders",
        [
            series(
                "Orders by outcome",
                "Orders per second that were accepted by the API, confirmed, failed or cancelled.",
                units.OPERATIONS,
                [over_time("sum by (outcome) (rate(shop_orders_total[$__rate_interval]))", "{{outcome}}")],
                width=8,
                links={"Orders and workers": link("glasshouse-orders")},
            ),
            series(
                "Order to confirmation",
                "Time from acceptance to confirmation. 50 % and 95 % of orders took at most this long.",
                units.SECONDS,
                [
                    over_time(
                        f"""histogram_quantile({quantile}, sum by (le) (rate(
                        shop_order_fulfilment_seconds_bucket{{outcome="confirmed"}}[5m])))""",
                        f"p{name}",
                    )
                    for quantile, name in (("0.5", "50"), ("0.95", "95"))
                ],
                width=8,
                links={"Orders and workers": link("glasshouse-orders")},
            ),
            series(
                "Unfinished orders",
                "Orders that are not yet confirmed, failed or cancelled, and dead letters.",
                units.COUNT,
                [
                    over_time("max(shop_orders_unfinished)", "unfinished"),
                    over_time("max(shop_dead_letters)", "dead letters"),
                ],
                width=8,
                links={"Orders and workers": link("glasshouse-orders")},
            ),
        ],
    )
