"""The row of the log store, whichever runs: VictoriaLogs with its gateway, or Loki."""

from __future__ import annotations

from . import units
from .frame import Row
from .panels import bars, series
from .sources import log_numbers, over_time
from .thresholds import Limit


def row() -> Row:
    """By the series that alerts/rules/log-store.yml records for both stores alike."""
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
                "Log lines of the time range, by level.",
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
                "Wait in the Collector",
                "How long a log line waits in the Collector until the store has it, on average of five minutes.",
                units.SECONDS,
                [over_time("log_delivery:wait_seconds:avg5m", "wait")],
                width=8,
            ),
            series(
                "Volume",
                "Bytes of log lines, with their fields, that the store took, per second.",
                units.BYTES_PER_SECOND,
                [over_time("log_store:bytes_received:rate1m", "bytes")],
                width=8,
            ),
            series(
                "Lines stored and discarded",
                "Log lines per second that the store took, and that it discarded: too old, too long, too many fields.",
                units.OPERATIONS,
                [
                    over_time("log_store:lines_received:rate1m", "stored"),
                    over_time("log_store:lines_discarded:rate5m", "discarded"),
                ],
                width=8,
            ),
            series(
                "New streams",
                "Streams begun in the last hour: far more than services times levels is a label with too many values.",
                units.COUNT,
                [over_time("log_store:streams_created:increase1h", "streams")],
                width=6,
            ),
            series(
                "How long the log store takes",
                "95 of 100 requests took at most this long: until lines are stored, and until a query is answered.",
                units.SECONDS,
                [over_time("log_store:request_duration_seconds:p95_5m", "{{operation}}")],
                width=6,
            ),
            series(
                "Requests that the log store failed",
                "Share of the requests to the log store that failed: to store lines, or to answer a query.",
                units.RATIO,
                [over_time("log_store:request_errors:ratio_rate5m", "{{operation}}")],
                width=6,
            ),
            series(
                "Memory and disk",
                "Memory of the log store's processes, and what its data takes on disk (Loki does not say how much).",
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
