"""The SLO dashboard: objectives, burn rates by window, and the causes of used error budget."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import When, bars, gauge, number, series
from grafana.generator.sources import now, over_time
from grafana.generator.tables import Column, Label, table
from grafana.generator.thresholds import Limit
from grafana.generator.variables import slos

CHOSEN = '{slo=~"$slo"}'
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def page() -> Page:
    """Build the dashboard of service level objectives."""
    help_text = "Every service level objective: its compliance, error budget, burn rates and their causes."
    return Page("glasshouse-slo", help_text, [_budget(), _burn(), _eaten()], [slos()])


def _budget() -> Row:
    to_slo = link("glasshouse-slo", slo="${__data.fields.SLO:percentencode}")
    return Row(
        "Remaining budget",
        [
            gauge(
                "Lowest remaining budget",
                "The lowest remaining error budget of all objectives, over 30 days.",
                units.RATIO,
                over_time(f"min(slo:period_error_budget_remaining:ratio{CHOSEN})"),
                limit=Limit("budget spent", low=True),
                height=8,
            ),
            number(
                "Fastest burn",
                "The highest burn rate of all objectives. At 1×, a budget lasts exactly 30 days.",
                units.BURN,
                over_time(f"max(slo:current_burn_rate:ratio{CHOSEN})"),
                limit=Limit("burning"),
                decimals=1,
                height=8,
            ),
            table(
                "Objectives",
                "Each objective: good events over 30 days, remaining budget, and when it will be used up.",
                [Label("slo", "SLO", to_slo), Label("service", "Service")],
                [
                    Column(
                        "Objective", f"max by (slo, service) (slo:objective:ratio{CHOSEN})", units.RATIO, decimals=2
                    ),
                    Column(
                        "Kept, 30 d",
                        f"max by (slo, service) (1 - slo:sli_error:ratio_rate30d{CHOSEN})",
                        units.RATIO,
                        decimals=3,
                    ),
                    Column(
                        "Budget left",
                        f"max by (slo, service) (slo:period_error_budget_remaining:ratio{CHOSEN})",
                        units.RATIO,
                        Limit("budget spent", low=True),
                        decimals=1,
                    ),
                    Column(
                        "Burn rate",
                        f"max by (slo, service) (slo:current_burn_rate:ratio{CHOSEN})",
                        units.BURN,
                        Limit("burning"),
                        decimals=1,
                    ),
                    Column(
                        "Gone in",
                        f"min by (slo, service) (slo:error_budget_exhaustion:seconds{CHOSEN})",
                        units.SECONDS,
                    ),
                ],
                width=16,
            ),
            series(
                "Budget over the period",
                "The remaining error budget of 30 days. Below 0, the objective is missed.",
                units.RATIO,
                [over_time(f"max by (slo) (slo:period_error_budget_remaining:ratio{CHOSEN})", "{{slo}}")],
                limit=Limit("budget spent", low=True),
                below_zero=True,
                width=24,
            ),
        ],
    )


def _burn() -> Row:
    return Row(
        "Burn rates",
        [
            series(
                "Burn rate, 5 minutes",
                "Error ratio of the last five minutes, as a multiple of the rate that uses up the budget exactly.",
                units.BURN,
                [over_time(f"max by (slo) (slo:burn_rate:ratio5m{CHOSEN})", "{{slo}}")],
                limit=Limit("Burn.page-fast"),
                width=8,
            ),
            series(
                "Burn rate, 1 hour",
                "The window of the fast page. 14.4× uses up 2 % of the budget in an hour.",
                units.BURN,
                [over_time(f"max by (slo) (slo:burn_rate:ratio1h{CHOSEN})", "{{slo}}")],
                limit=Limit("Burn.page-fast"),
                width=8,
            ),
            series(
                "Burn rate, 6 hours",
                "The window of the slow page. 6× uses up 5 % of the budget in six hours.",
                units.BURN,
                [over_time(f"max by (slo) (slo:burn_rate:ratio6h{CHOSEN})", "{{slo}}")],
                limit=Limit("Burn.page-slow"),
                width=8,
            ),
            table(
                "Burn rate by window",
                "Burn rate of each objective by window. Above 1×, the budget does not last for 30 days.",
                [Label("slo", "SLO", link("glasshouse-slo", slo="${__data.fields.SLO:percentencode}"))],
                [
                    Column(
                        window,
                        f"max by (slo) (slo:burn_rate:ratio{window}{CHOSEN})",
                        units.BURN,
                        Limit("burning"),
                        decimals=1,
                    )
                    for window in WINDOWS
                ],
                width=16,
            ),
            table(
                "Firing budget alerts",
                "Objectives whose budget burns so fast that an alert is firing, with its tier.",
                [Label("slo", "SLO"), Label("tier", "Tier"), Label("severity", "Severity")],
                [
                    Column(
                        "Firing",
                        f'count by (slo, tier, severity) (ALERTS{{alertstate="firing", layer="budget", {CHOSEN[1:]})',
                        units.COUNT,
                    )
                ],
                width=8,
                when=When("while a budget burns fast", "fault api-errors"),
            ),
        ],
    )


def _eaten() -> Row:
    return Row(
        "Causes",
        [
            bars(
                "Errors in the time range",
                "Bad events of each objective in the time range.",
                units.COUNT,
                # Recorded every 15 s. An average would include the time before the instance existed.
                now(f"sum by (slo) (sum_over_time(slo:sli_errors:rate5m{CHOSEN}[$__range])) * 15", "{{slo}}"),
            ),
            series(
                "Errors by objective",
                "Bad events per second of each objective.",
                units.OPERATIONS,
                [over_time(f"sum by (slo) (slo:sli_errors:rate5m{CHOSEN})", "{{slo}}")],
                width=8,
            ),
            series(
                "Events by objective",
                "Events per second of each objective. With few events, a single failure has a large effect.",
                units.OPERATIONS,
                [over_time(f"sum by (slo) (slo:sli_events:rate5m{CHOSEN})", "{{slo}}")],
                width=8,
            ),
            series(
                "Failed requests by route",
                "Requests to the API per second that were answered with a 5xx status, by route.",
                units.REQUESTS,
                [
                    over_time(
                        """sum by (http_route) (rate(
                        http_server_request_duration_seconds_count{job="api", http_response_status_code=~"5.."}[5m]))
                        > 0 or label_replace(vector(0), "http_route", "none", "", "")""",
                        "{{http_route}}",
                    )
                ],
                links={"This route": link("glasshouse-api", route="${__field.labels.http_route:percentencode}")},
            ),
            series(
                "Failed orders by outcome",
                "Orders per second that failed or were cancelled.",
                units.OPERATIONS,
                [
                    over_time(
                        'sum by (outcome) (rate(shop_orders_total{outcome=~"failed|cancelled"}[5m]))', "{{outcome}}"
                    )
                ],
                links={"Orders and workers": link("glasshouse-orders")},
            ),
        ],
    )
