"""The telemetry dashboard: Collector, log store, Jaeger, Prometheus and Alertmanager."""

from __future__ import annotations

from grafana.generator import log_store, monitoring, units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import number, series
from grafana.generator.sources import over_time
from grafana.generator.thresholds import Limit

RATE = "$__rate_interval"
COLLECTOR = '{job="collector"}'


def page() -> Page:
    """Build the dashboard of the telemetry servers."""
    help_text = "Delivery of the services' telemetry: losses, delays, volume, and the servers that store it."
    rows = [_arrives(), _collector(), log_store.row(), _jaeger(), monitoring.prometheus(), monitoring.alertmanager()]
    return Page("glasshouse-telemetry", help_text, rows)


def _arrives() -> Row:
    return Row(
        "Delivery",
        [
            number(
                "Servers that are up",
                "Share of the telemetry servers that Prometheus can scrape.",
                units.RATIO,
                over_time(
                    """avg(up{job=~
                    "collector|loki|victorialogs|log-gateway|jaeger|prometheus|alertmanager|spans"})"""
                ),
                limit=Limit("all", low=True),
                links={"Host and processes": link("glasshouse-host")},
            ),
            number(
                "Spans lost, 1 h",
                "Spans that services dropped because the Collector did not accept them.",
                units.COUNT,
                over_time('sum(increase(telemetry_spans_exported_total{outcome="lost"}[1h]))'),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Refused, 1 h",
                "Spans and log lines that the Collector refused because its memory or its queue was full.",
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
                "Number of failed notifications.",
                units.COUNT,
                over_time("sum(increase(alertmanager_notifications_failed_total[1h]))"),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Failed rule evaluations, 1 h",
                "Failed evaluations of rules. An alert that depends on a failed rule cannot fire.",
                units.COUNT,
                over_time("sum(increase(prometheus_rule_evaluation_failures_total[1h]))"),
                limit=Limit("none"),
                decimals=0,
            ),
            number(
                "Label overflow, 1 h",
                "Observations whose label value was replaced by `other` because the label already has too many values.",
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
                "Accepted by the Collector",
                "Log lines and spans per second that the Collector accepted.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(otelcol_receiver_accepted_log_records{COLLECTOR}[{RATE}]))", "log lines"),
                    over_time(f"sum(rate(otelcol_receiver_accepted_spans{COLLECTOR}[{RATE}]))", "spans"),
                ],
                width=8,
                limit=Limit("LogsFlooding"),
            ),
            series(
                "Delivered by the Collector",
                "Log lines and spans per second that the log store and Jaeger accepted from the Collector.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(otelcol_exporter_sent_log_records{COLLECTOR}[{RATE}]))", "log lines"),
                    over_time(f"sum(rate(otelcol_exporter_sent_spans{COLLECTOR}[{RATE}]))", "spans"),
                ],
                width=8,
            ),
            series(
                "Refused and failed",
                "Log lines and spans per second that the Collector refused because it was full, or failed to accept.",
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
                "Utilisation of each exporter's queue. Queued data survives a restart.",
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
                "Memory of the Collector. Close to its limit, it refuses data instead of running out of memory.",
                units.BYTES,
                [over_time(f"max(otelcol_process_memory_rss{COLLECTOR})", "resident")],
                width=8,
            ),
            series(
                "Spans sent by services",
                "Spans per second that services delivered to the Collector, or lost.",
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


def of_jaeger(metric: str) -> str:
    """Return the rate of one of Jaeger's counters.

    Its image, with older libraries of the Collector, adds ``_total`` to the name; Jaeger as built here does not.
    """
    return f'sum(rate({{__name__=~"{metric}(_total)?", job="jaeger"}}[{RATE}]))'


def _jaeger() -> Row:
    return Row(
        "Traces: Jaeger",
        [
            series(
                "Spans accepted and stored",
                "Spans per second that Jaeger accepted, and that it wrote to its store.",
                units.OPERATIONS,
                [
                    over_time(of_jaeger("otelcol_receiver_accepted_spans"), "taken"),
                    over_time(of_jaeger("otelcol_exporter_sent_spans"), "stored"),
                ],
                width=8,
            ),
            series(
                "Spans refused or not stored",
                "Spans per second that Jaeger refused or could not write.",
                units.OPERATIONS,
                [
                    over_time(of_jaeger("otelcol_receiver_refused_spans"), "refused"),
                    over_time(f"{of_jaeger('otelcol_exporter_send_failed_spans')} or vector(0)", "not stored"),
                ],
                width=8,
            ),
            series(
                "Store size",
                "Disk usage of Jaeger's store in bytes: its tree and its values.",
                units.BYTES,
                [
                    over_time("max(jaeger_storage_badger_size_bytes_lsm)", "tree"),
                    over_time("max(jaeger_storage_badger_size_bytes_vlog)", "values"),
                ],
                width=8,
            ),
        ],
    )
