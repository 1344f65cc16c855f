"""Telemetry itself: does what services say arrive? Collector, Loki, Jaeger, Prometheus, Alertmanager."""

from __future__ import annotations

from . import units
from .frame import Page, Row, link
from .panels import When, bars, lines, number, series
from .sources import log_lines, log_numbers, now, over_time
from .thresholds import Limit

RATE = "$__rate_interval"
COLLECTOR = '{job="collector"}'


def page() -> Page:
    """The telemetry of the telemetry."""
    help_text = "Does what the services say arrive? What is lost, what waits, how much it is, and who stores it."
    rows = [_arrives(), _collector(), _loki(), _jaeger(), _prometheus(), _alertmanager()]
    return Page("glasshouse-telemetry", help_text, rows)


def _arrives() -> Row:
    return Row(
        "Does it arrive?",
        [
            number(
                "Servers that answer",
                "Share of the telemetry servers that Prometheus reaches.",
                units.RATIO,
                over_time('avg(up{job=~"collector|loki|jaeger|prometheus|alertmanager|spans"})'),
                limit=Limit("all", low=True),
                links={"Host and processes": link("glasshouse-host")},
            ),
            number(
                "Spans lost, 1 h",
                "Spans that services gave up because the Collector did not take them.",
                units.COUNT,
                over_time('sum(increase(telemetry_spans_exported_total{outcome="lost"}[1h]))'),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Refused, 1 h",
                "Spans and log lines that the Collector refused: its memory or its queue was full.",
                units.COUNT,
                over_time(
                    """sum(increase(otelcol_receiver_refused_spans{job="collector"}[1h]))
                    + sum(increase(otelcol_receiver_refused_log_records{job="collector"}[1h]))"""
                ),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Notifications failed, 1 h",
                "Notifications of alerts that reached nobody.",
                units.COUNT,
                over_time("sum(increase(alertmanager_notifications_failed_total[1h]))"),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Rules that failed, 1 h",
                "Evaluations of rules that failed: an alert that depends on one cannot fire.",
                units.COUNT,
                over_time("sum(increase(prometheus_rule_evaluation_failures_total[1h]))"),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Label values cut, 1 h",
                "Observations whose label value was counted as `other`, because the label has too many values already.",
                units.COUNT,
                over_time("sum(increase(telemetry_label_overflow_total[1h])) or vector(0)"),
                limit=Limit("none"),
                decimals=0,
            ),
        ],
    )


def _collector() -> Row:
    return Row(
        "Collector",
        [
            series(
                "Taken in",
                "Log lines and spans that the Collector took, per second.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(otelcol_receiver_accepted_log_records{COLLECTOR}[{RATE}]))", "log lines"),
                    over_time(f"sum(rate(otelcol_receiver_accepted_spans{COLLECTOR}[{RATE}]))", "spans"),
                ],
                width=8,
                limit=Limit("LogsFlooding"),
            ),
            series(
                "Handed on",
                "Log lines and spans that Loki and Jaeger took from it, per second.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(otelcol_exporter_sent_log_records{COLLECTOR}[{RATE}]))", "log lines"),
                    over_time(f"sum(rate(otelcol_exporter_sent_spans{COLLECTOR}[{RATE}]))", "spans"),
                ],
                width=8,
            ),
            series(
                "Refused and failed",
                "Log lines and spans per second that the Collector refused (full) or failed to take.",
                units.OPERATIONS,
                [
                    over_time(
                        f"sum(rate(otelcol_receiver_refused_log_records{COLLECTOR}[{RATE}]))", "log lines refused"
                    ),
                    over_time(f"sum(rate(otelcol_receiver_refused_spans{COLLECTOR}[{RATE}]))", "spans refused"),
                    over_time(f"sum(rate(otelcol_receiver_failed_log_records{COLLECTOR}[{RATE}]))", "log lines failed"),
                    over_time(f"sum(rate(otelcol_receiver_failed_spans{COLLECTOR}[{RATE}]))", "spans failed"),
                ],
                width=8,
            ),
            series(
                "Queues on disk",
                "How full each exporter's queue is; what waits there outlives a restart.",
                units.RATIO,
                [
                    over_time(
                        """max by (exporter, data_type) (
                        otelcol_exporter_queue_size{job="collector"}
                        / otelcol_exporter_queue_capacity{job="collector"})""",
                        "{{exporter}} {{data_type}}",
                    )
                ],
                width=8,
                maximum=1,
            ),
            series(
                "Memory",
                "Memory of the Collector; near its limit it refuses instead of dying.",
                units.BYTES,
                [over_time(f"max(otelcol_process_memory_rss{COLLECTOR})", "resident")],
                width=8,
            ),
            series(
                "Spans sent by services",
                "Spans per second that services handed over, or lost.",
                units.OPERATIONS,
                [
                    over_time(
                        f"sum by (job, outcome) (rate(telemetry_spans_exported_total[{RATE}]))", "{{job}} {{outcome}}"
                    )
                ],
                width=8,
            ),
        ],
    )


def _loki() -> Row:
    return Row(
        "Logs: Loki",
        [
            series(
                "Log lines by service",
                "Log lines per second, by service.",
                units.OPERATIONS,
                [log_numbers('sum by (service_name) (rate({service_name=~".+"}[$__auto]))', "{{service_name}}")],
                width=8,
                stack=True,
            ),
            bars(
                "Log lines by level",
                "Log lines of the time range, by level.",
                units.COUNT,
                log_numbers(
                    'sum by (level) (count_over_time({service_name=~".+"}[$__range]))', "{{level}}", instant=True
                ),
                width=8,
            ),
            series(
                "Volume",
                "Bytes of log lines and of their structured metadata that Loki took, per second.",
                units.BYTES_PER_SECOND,
                [
                    over_time(f"sum(rate(loki_distributor_bytes_received_total[{RATE}]))", "lines"),
                    over_time(
                        f"sum(rate(loki_distributor_structured_metadata_bytes_received_total[{RATE}]))", "metadata"
                    ),
                ],
                width=8,
            ),
            series(
                "Streams",
                "Streams in Loki's memory: many more than services times levels means a label with too many values.",
                units.COUNT,
                [over_time("sum(loki_ingester_memory_streams)", "streams")],
                width=8,
            ),
            series(
                "How long Loki takes",
                "95 of 100 requests to Loki took at most this long: taking lines in, and answering queries.",
                units.SECONDS,
                [
                    over_time(
                        """histogram_quantile(0.95, sum by (le, route) (rate(
                        loki_request_duration_seconds_bucket{route=~"otlp_v1_logs|loki_api_v1_query_range|loki_api_v1_query"}[5m])))""",
                        "{{route}}",
                    )
                ],
                width=8,
            ),
            series(
                "Lag of the logs",
                "How old a line is when Loki takes it, on average.",
                units.SECONDS,
                [
                    over_time(
                        """sum(rate(loki_distributor_lag_ms_total[5m])) / 1000
                        / (sum(rate(loki_distributor_lines_received_total[5m])) > 0)""",
                        "lag",
                    )
                ],
                width=8,
            ),
        ],
    )


def _jaeger() -> Row:
    return Row(
        "Traces: Jaeger",
        [
            series(
                "Spans taken and stored",
                "Spans per second that Jaeger took, and that it wrote to its store.",
                units.OPERATIONS,
                [
                    over_time(f'sum(rate(otelcol_receiver_accepted_spans_total{{job="jaeger"}}[{RATE}]))', "taken"),
                    over_time(f'sum(rate(otelcol_exporter_sent_spans_total{{job="jaeger"}}[{RATE}]))', "stored"),
                ],
                width=8,
            ),
            series(
                "Spans refused or not stored",
                "Spans per second that Jaeger refused or could not write.",
                units.OPERATIONS,
                [
                    over_time(f'sum(rate(otelcol_receiver_refused_spans_total{{job="jaeger"}}[{RATE}]))', "refused"),
                    over_time(
                        f'sum(rate(otelcol_exporter_send_failed_spans_total{{job="jaeger"}}[{RATE}]))', "not stored"
                    ),
                ],
                width=8,
            ),
            series(
                "Size of the store",
                "Bytes that Jaeger's store takes on disk: its tree and its values.",
                units.BYTES,
                [
                    over_time("max(jaeger_storage_badger_size_bytes_lsm)", "tree"),
                    over_time("max(jaeger_storage_badger_size_bytes_vlog)", "values"),
                ],
                width=8,
            ),
        ],
    )


def _prometheus() -> Row:
    return Row(
        "Metrics: Prometheus",
        [
            series(
                "Series",
                "Series in Prometheus' memory: growth without new processes is a label with too many values.",
                units.COUNT,
                [over_time("max(prometheus_tsdb_head_series)", "series")],
                width=6,
            ),
            bars(
                "Samples by job",
                "Samples that one scrape of each job brings.",
                units.COUNT,
                now("sort_desc(sum by (job) (scrape_samples_scraped))", "{{job}}"),
                width=6,
            ),
            series(
                "How long scrapes take",
                "The slowest scrape of each job; above 4 s it is given up.",
                units.SECONDS,
                [over_time("max by (job) (scrape_duration_seconds)", "{{job}}")],
                width=6,
            ),
            series(
                "Targets that are down",
                "Processes of each job that Prometheus does not reach.",
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


def _alertmanager() -> Row:
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
                "The alert that always fires: where it is missing, no other would arrive either.",
                units.COUNT,
                over_time('count(ALERTS{alertname="Watchdog", alertstate="firing"}) or vector(0)'),
                limit=Limit("all", low=True),
                width=3,
                height=8,
                graph=False,
            ),
            series(
                "Notifications",
                "Notifications sent in five minutes, by the way they go, and those that failed.",
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
                "Log lines of services that could not hand over their telemetry, or of a refused message.",
                log_lines('{service_name=~".+"} | event=~"telemetry[.].+|inbox[.](rejected|error)"'),
                height=8,
                when=When("after telemetry was lost", "fault telemetry-outage"),
            ),
        ],
    )
