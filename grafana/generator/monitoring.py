"""The rows of Prometheus and Alertmanager."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Row
from grafana.generator.panels import When, bars, lines, number, series
from grafana.generator.sources import log_lines, now, over_time
from grafana.generator.thresholds import Limit

RATE = "$__rate_interval"


def prometheus() -> Row:
    """Return the row that shows what Prometheus stores, and whether its scrapes and rules keep up."""
    return Row(
        "Metrics: Prometheus",
        [
            series(
                "Series",
                "Series in Prometheus's memory. Growth without new processes indicates a label with too many values.",
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
                "Scrape duration",
                "The slowest scrape of each job. Scrapes time out after 4 s.",
                units.SECONDS,
                [over_time("max by (job) (scrape_duration_seconds)", "{{job}}")],
                width=6,
            ),
            series(
                "Targets that are down",
                "Processes of each job that Prometheus cannot scrape.",
                units.COUNT,
                [over_time("count by (job) (up) - sum by (job) (up)", "{{job}}")],
                width=6,
                limit=Limit("none"),
            ),
            series(
                "Rule evaluation duration",
                "Evaluation time of the slowest rule group. Rules are evaluated every 5 s.",
                units.SECONDS,
                [over_time("max(prometheus_rule_group_last_duration_seconds)", "slowest group")],
                width=6,
            ),
            series(
                "Failed rule evaluations",
                "Rule evaluations per second that failed or were missed.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(prometheus_rule_evaluation_failures_total[{RATE}]))", "failed"),
                    over_time(f"sum(rate(prometheus_rule_group_iterations_missed_total[{RATE}]))", "missed"),
                ],
                width=6,
            ),
            series(
                "Label overflow",
                "Observations per second whose label value was replaced by `other`, by metric and label.",
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
                "Exemplars in Prometheus's memory. They are the points in graphs that link to traces.",
                units.COUNT,
                [over_time("max(prometheus_tsdb_exemplar_exemplars_in_storage)", "exemplars")],
                width=6,
            ),
        ],
    )


def alertmanager() -> Row:
    """Return the row that shows the alerts of Alertmanager, and whether its notifications arrive."""
    return Row(
        "Alerts: Alertmanager",
        [
            series(
                "Alerts",
                "Alerts in Alertmanager: active, or suppressed by a silence or by another alert.",
                units.COUNT,
                [over_time('sum by (state) (alertmanager_alerts{state=~"active|suppressed"})', "{{state}}")],
                width=5,
            ),
            number(
                "Watchdog",
                "The alert that always fires. If it is missing, no other alert arrives either.",
                units.COUNT,
                over_time('count(ALERTS{alertname="Watchdog", alertstate="firing"}) or vector(0)'),
                limit=Limit("all", low=True),
                width=3,
                height=8,
                graph=False,
            ),
            series(
                "Notifications",
                "Notifications sent and failed within five minutes, by channel.",
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
                "Notifications and e-mails that the console received within five minutes, by kind and outcome.",
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
                "Telemetry errors",
                "Log lines about telemetry that could not be exported, or about a rejected message.",
                log_lines('{service_name=~".+"} | event=~"telemetry[.].+|inbox[.](rejected|error)"'),
                height=8,
                when=When("after telemetry was lost", "fault telemetry-outage"),
            ),
        ],
    )
