"""The row of the log store: VictoriaLogs with its gateway, or Loki."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Row
from grafana.generator.panels import bars, series
from grafana.generator.sources import log_numbers, over_time
from grafana.generator.thresholds import Limit


def row() -> Row:
    """Return the panels over the series that alerts/rules/log-store.yml records for both stores."""
    return Row(
        "Logs: the log store",
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
                "Log lines in the time range, by level.",
                units.COUNT,
                log_numbers(
                    'sum by (level) (count_over_time({service_name=~".+"}[$__range]))', "{{level}}", instant=True
                ),
                width=8,
            ),
            series(
                "Late log lines",
                "Log lines per second that were not in the store a minute after they were written.",
                units.OPERATIONS,
                [over_time("log_delivery:lines_late:rate1m", "late")],
                width=8,
                limit=Limit("none"),
            ),
            series(
                "Waiting time in the Collector",
                "Time that a log line waits in the Collector until the store accepts it, averaged over 5 minutes.",
                units.SECONDS,
                [over_time("log_delivery:wait_seconds:avg5m", "wait")],
                width=8,
            ),
            series(
                "Volume",
                "Bytes of log lines, including fields, that the store accepted per second.",
                units.BYTES_PER_SECOND,
                [over_time("log_store:bytes_received:rate1m", "bytes")],
                width=8,
            ),
            series(
                "Lines stored and discarded",
                "Log lines per second that were stored, or discarded (too old, too long, too many fields).",
                units.OPERATIONS,
                [
                    over_time("log_store:lines_received:rate1m", "stored"),
                    over_time("log_store:lines_discarded:rate5m", "discarded"),
                ],
                width=8,
            ),
            series(
                "New streams",
                "Streams created in the last hour. More than services × levels indicates a label with too many values.",
                units.COUNT,
                [over_time("log_store:streams_created:increase1h", "streams")],
                width=6,
            ),
            series(
                "Log store latency: p95",
                "95 % of requests took at most this long to store lines or to answer a query.",
                units.SECONDS,
                [over_time("log_store:request_duration_seconds:p95_5m", "{{operation}}")],
                width=6,
            ),
            series(
                "Log store error ratio",
                "Share of the requests to the log store that failed, for writes and queries.",
                units.RATIO,
                [over_time("log_store:request_errors:ratio_rate5m", "{{operation}}")],
                width=6,
            ),
            series(
                "Memory and disk",
                "Memory of the log store's processes, and disk usage of its data (Loki does not report it).",
                units.BYTES,
                [
                    over_time(
                        'label_replace(log_store:memory:bytes, "part", "memory of $1", "job", "(.+)")'
                        ' or label_replace(log_store:disk:bytes, "part", "disk", "", "")',
                        "{{part}}",
                    )
                ],
                width=6,
            ),
        ],
    )
