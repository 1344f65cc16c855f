"""SLO detail: what was promised, how fast its budget burns in each window, and what ate it."""

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
    """Service level objectives in detail."""
    help_text = "Every service level objective: what is kept of it, its error budget, the burn rate and its causes."
    return Page("glasshouse-slo", help_text, [_budget(), _burn(), _eaten()], [slos()])


def _budget() -> Row:
    to_slo = link("glasshouse-slo", slo="${__data.fields.SLO:percentencode}")
    return Row(
        "What is left",
        [
            gauge(
                "Least budget left",
                "The error budget of 30 days that is left to the objective that has least of it.",
                units.RATIO,
                over_time(f"min(slo:period_error_budget_remaining:ratio{CHOSEN})"),
                limit=Limit("budget spent", low=True),
                height=8,
            ),
            number(
                "Fastest burn",
                "Burn rate of the objective that burns fastest: at 1× its budget lasts exactly 30 days.",
                units.BURN,
                over_time(f"max(slo:current_burn_rate:ratio{CHOSEN})"),
                limit=Limit("burning"),
                decimals=1,
                height=8,
            ),
            table(
                "Objectives",
                "What was kept of each objective over 30 days, its budget left, and when that is gone at this rate.",
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
                "The error budget of 30 days that is left; below 0 the objective is missed.",
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
        "How fast it burns",
        [
            series(
                "Burn rate, 5 minutes",
                "Errors of the last five minutes as times what would use up the budget exactly: what just happened.",
                units.BURN,
                [over_time(f"max by (slo) (slo:burn_rate:ratio5m{CHOSEN})", "{{slo}}")],
                limit=Limit("Burn.page-fast"),
                width=8,
            ),
            series(
                "Burn rate, 1 hour",
                "The window of the fast page: 14.4× uses up 2 % of the budget in an hour.",
                units.BURN,
                [over_time(f"max by (slo) (slo:burn_rate:ratio1h{CHOSEN})", "{{slo}}")],
                limit=Limit("Burn.page-fast"),
                width=8,
            ),
            series(
                "Burn rate, 6 hours",
                "The window of the slow page: 6× uses up 5 % of the budget in six hours.",
                units.BURN,
                [over_time(f"max by (slo) (slo:burn_rate:ratio6h{CHOSEN})", "{{slo}}")],
                limit=Limit("Burn.page-slow"),
                width=8,
            ),
            table(
                "Burn rate by window",
                "How fast each objective's budget burns, from the last minutes to the last days; above 1× is too fast.",
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
                "Budget alerts that fire",
                "Objectives whose budget burns so fast that an alert notifies, with the tier.",
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
        "What ate it",
        [
            bars(
                "Errors in the time range",
                "Events that broke each objective, in the time range.",
                units.COUNT,
                # Recorded every 15 s; an average would count the time before the instance was there.
                now(f"sum by (slo) (sum_over_time(slo:sli_errors:rate5m{CHOSEN}[$__range])) * 15", "{{slo}}"),
            ),
            series(
                "Errors by objective",
                "Events per second that broke each objective.",
                units.OPERATIONS,
                [over_time(f"sum by (slo) (slo:sli_errors:rate5m{CHOSEN})", "{{slo}}")],
                width=8,
            ),
            series(
                "Events by objective",
                "Events per second that each objective is measured by: with few of them one failure weighs much.",
                units.OPERATIONS,
                [over_time(f"sum by (slo) (slo:sli_events:rate5m{CHOSEN})", "{{slo}}")],
                width=8,
            ),
            series(
                "Failed requests by route",
                "Requests to the API per second that were answered with a 5xx, by route: what ate its availability.",
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
                "Orders per second that did not end as confirmed.",
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
