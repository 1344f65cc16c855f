"""All ports of the stack in one table. An instance adds its offset to each."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_PORTS: Mapping[str, int] = {
    "mongo": 27017,
    "redis": 6379,
    "payments": 8100,
    "payments-metrics": 9104,
    "api-1": 8001,
    "api-1-metrics": 9101,
    "api-2": 8002,
    "api-2-metrics": 9102,
    "worker-1-metrics": 9103,
    "sweeper-metrics": 9105,
    "nginx": 8000,
    "nginx-status": 8011,
    "prometheus": 9090,
    "alertmanager": 9093,
    "loki": 3100,
    "loki-grpc": 9096,
    "log-gateway-metrics": 9112,
    "victorialogs": 9428,
    "jaeger": 16686,
    "jaeger-query-grpc": 16685,
    "jaeger-otlp": 4319,
    "jaeger-health": 13134,
    "jaeger-metrics": 8887,
    "collector-otlp-grpc": 4317,
    "collector-otlp-http": 4318,
    "collector-health": 13133,
    "collector-spans": 8889,
    "collector-metrics": 8888,
    "console": 8080,
    "console-smtp": 1025,
    "console-metrics": 9106,
    "traffic-metrics": 9107,
    # Not the exporters' default ports: the machine may already run exporters on them.
    "redis-exporter": 9108,
    "nginx-exporter": 9109,
    "node-exporter": 9110,
    "grafana": 3000,
}
HIGHEST_OFFSET = 65535 - max(DEFAULT_PORTS.values())


class Ports:
    """The ports of one instance: ``ports["mongo"]`` is the default plus the offset."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset

    def __getitem__(self, name: str) -> int:
        return DEFAULT_PORTS[name] + self.offset

    def url(self, name: str, scheme: str = "http") -> str:
        """Return the URL of the server on the port with this name."""
        return f"{scheme}://127.0.0.1:{self[name]}"
