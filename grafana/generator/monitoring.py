"""The rows of Prometheus and Alertmanager: measuring and notifying."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Row
from grafana.generator.panels import When, bars, lines, number, series
from grafana.generator.sources import log_lines, now, over_time
from grafana.generator.thresholds import Limit

RATE = "$__rate_interval"


def prometheus() -> Row:
    """What Prometheus stores, and whether its scrapes and rules keep up."""
    return Row(
        "Metrics: Prometheus",
        [
            series(
                "Series",
                "Series in Prometheus' memory: growth without new processes points to a label with too many values.",
                units.COUNT,
                [over_time("max(prometheus_tsdb_head_series)", "series")],
                width=6,
            ),
            bars(
                "Samples by job",
                "Samples per scrape, by job.",
                units.COUNT,
                now("sort_desc(sum by (job) (scrape_samples_scraped))", "{{job}}"),
                width=6,
            ),
            series(
                "How long scrapes take",
                "The slowest scrape of each job; scrapes are aborted after 4 s.",
                units.SECONDS,
                [over_time("max by (job) (scrape_duration_seconds)", "{{job}}")],
                width=6,
            ),
            series(
                "Targets that are down",
                "Processes of each job that Prometheus cannot reach.",
                units.COUNT,
                [over_time("count by (job) (up) - sum by (job) (up)", "{{job}}")],
                width=6,
                limit=Limit("none"),
            ),
            series(
                "How long rules take",
                "How long the slowest group of rules took to evaluate; they are evaluated every 5 s.",
                units.SECONDS,
                [over_time("max(prometheus_rule_group_last_duration_seconds)", "slowest group")],
                width=6,
            ),
            series(
                "Rules that failed",
                "Evaluations per second that failed or were missed.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(prometheus_rule_evaluation_failures_total[{RATE}]))", "failed"),
                    over_time(f"sum(rate(prometheus_rule_group_iterations_missed_total[{RATE}]))", "missed"),
                ],
                width=6,
            ),
            series(
                "Label values cut",
                "Observations per second whose label value was counted as `other`, by metric and label.",
                units.OPERATIONS,
                [
                    over_time(
                        f"sum by (metric, label) (rate(telemetry_label_overflow_total[{RATE}]))", "{{metric}} {{label}}"
                    )
                ],
                width=6,
                when=When("after a label had too many values", "fault label-explosion"),
            ),
            series(
                "Exemplars",
                "Exemplars that Prometheus holds: the points on graphs that lead to traces.",
                units.COUNT,
                [over_time("max(prometheus_tsdb_exemplar_exemplars_in_storage)", "exemplars")],
                width=6,
            ),
        ],
    )


def alertmanager() -> Row:
    """What Alertmanager holds, and whether its notifications arrive."""
    return Row(
        "Alerts: Alertmanager",
        [
            series(
                "Alerts",
                "Alerts that Alertmanager holds: active, or suppressed by a silence or by another alert.",
                units.COUNT,
                [over_time('sum by (state) (alertmanager_alerts{state=~"active|suppressed"})', "{{state}}")],
                width=5,
            ),
            number(
                "Watchdog",
                "The alert that always fires: if it is missing, no other alert would arrive either.",
                units.COUNT,
                over_time('count(ALERTS{alertname="Watchdog", alertstate="firing"}) or vector(0)'),
                limit=Limit("all", low=True),
                width=3,
                height=8,
                graph=False,
            ),
            series(
                "Notifications",
                "Notifications sent in five minutes, by channel, and those that failed.",
                units.COUNT,
                [
                    over_time(
                        """sum by (integration) (increase(
                        alertmanager_notifications_total{integration=~"email|webhook"}[5m]))""",
                        "{{integration}}",
                    ),
                    over_time(
                        """sum by (integration) (increase(
                        alertmanager_notifications_failed_total{integration=~"email|webhook"}[5m]))""",
                        "{{integration}} failed",
                    ),
                ],
                width=8,
            ),
            series(
                "Inbox",
                "Notifications and e-mails that the console received in five minutes, by kind and outcome.",
                units.COUNT,
                [
                    over_time(
                        "sum by (kind, outcome) (increase(console_inbox_received_total[5m]))",
                        "{{kind}} {{outcome}}",
                    )
                ],
                width=8,
            ),
            lines(
                "Telemetry that failed",
                "Log lines about telemetry that could not be exported, or about a rejected message.",
                log_lines('{service_name=~".+"} | event=~"telemetry[.].+|inbox[.](rejected|error)"'),
                height=8,
                when=When("after telemetry was lost", "fault telemetry-outage"),
            ),
        ],
    )
