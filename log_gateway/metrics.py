"""The gateway's own metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ENDPOINTS = ("query", "query_range", "labels", "label_values", "series", "volume", "stats", "tail")
OUTCOMES = ("ok", "bad_request", "limit", "timeout", "busy", "unavailable", "error")
WRITES = ("durable", "refused", "unavailable")


class GatewayMetrics:
    """Counters and histograms. Every known label set starts at zero."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queries = Counter(
            "log_gateway_queries_total", "Queries by endpoint and outcome", ["endpoint", "outcome"], registry=registry
        )
        self.seconds = Histogram(
            "log_gateway_query_duration_seconds",
            "Duration of queries",
            ["endpoint"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self.in_flight = Gauge("log_gateway_queries_in_flight", "Queries currently running", registry=registry)
        self.writes = Counter(
            "log_gateway_writes_total", "Batches of log lines by outcome", ["outcome"], registry=registry
        )
        self.write_bytes = Counter(
            "log_gateway_write_bytes_total", "Bytes of batches written to disk, as received", registry=registry
        )
        self.durable_seconds = Histogram(
            "log_gateway_write_durable_seconds",
            "Time from the arrival of a batch until it is on the store's disk",
            buckets=(1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30),
            registry=registry,
        )
        for endpoint in ENDPOINTS:
            self.seconds.labels(endpoint)
            for outcome in OUTCOMES:
                self.queries.labels(endpoint, outcome)
        for outcome in WRITES:
            self.writes.labels(outcome)
