"""The amount of the running instance's telemetry, and the time to find one request's lines in the log store."""

from __future__ import annotations

import os
import time

from lab.bench.addresses import LOKI_URL, PROMETHEUS_URL, read
from lab.clients.loki import Loki
from lab.clients.prometheus import Prometheus
from stack import settings

SECONDS = 60.0
RANGES = ("1m", "5m", "30m", "2h")
_LINES = '{service_name=~".+"}'
_REQUESTS = '{service_name="api"} | event="http.request"'


def series_per_replica() -> dict[str, int]:
    """Return the number of samples in each replica's last scrape."""
    prometheus = Prometheus(read(PROMETHEUS_URL)[0], SECONDS)
    found = prometheus.query('scrape_samples_post_metric_relabeling{job=~"api|worker|payments"}')
    return {row["metric"]["instance"]: int(row["value"][1]) for row in found}


def log_bytes_per_request() -> float | None:
    """Return the bytes of the API's log line about a request, in the current log; ``None`` without a request."""
    folder = settings.read(os.environ).paths.json_logs
    sizes = [
        len(line) + 1
        for log in folder.glob("api-*.log")
        for line in log.read_text(errors="replace").splitlines()
        if '"event":"http.request"' in line
    ]
    return sum(sizes) / len(sizes) if sizes else None


def looking_for_one_request() -> list[tuple[int, float]]:
    """Return the number of lines in a time range and the seconds to find one request's lines among them."""
    loki = Loki(read(LOKI_URL)[0], SECONDS)
    newest = loki.query(f"topk(1, count by (request_id) (count_over_time({_REQUESTS} [1m])))")
    request_id = newest[0]["metric"]["request_id"] if newest else "none"
    found = []
    for length in RANGES:
        lines = int(sum(loki.values(f"sum(count_over_time({_LINES} [{length}]))")))
        began = time.perf_counter()
        loki.values(f'sum(count_over_time({_LINES} | request_id="{request_id}" [{length}]))')
        found.append((lines, time.perf_counter() - began))
    return found
