"""Made-up responses of all servers that the console queries; their text would be executed if it were not escaped."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from console.servers.http import Reply

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
TRACE = "2c75bd6562d49b53faf190930b30a30e"
RECORDED = Path(__file__).parents[2] / "unit/console/fixtures"
LABELS = {"job": "api", "http_route": EVIL, "service": "api", "slo": "availability", "alertname": "A", "level": "INFO"}


class Upstream:
    """A transport. ``down`` contains ports that refuse connections; ``trace`` is the trace that Jaeger returns."""

    def __init__(self) -> None:
        self.down: set[int] = set()
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.trace: dict[str, Any] = json.loads((RECORDED / "jaeger_trace.json").read_text())

    def __call__(
        self, method: str, url: str, query: Mapping[str, Any], body: Any, seconds: float, headers: Any = None
    ) -> Reply:
        """Respond according to the path."""
        port, path = int(url.split(":")[2].split("/")[0]), "/" + url.split("/", 3)[3]
        self.asked.append((path, dict(query)))
        if port in self.down:
            raise requests.ConnectionError("refused")
        content = self._content(path, query)
        return Reply(404, {}, None, "none") if content is None else Reply(200, {}, content, json.dumps(content))

    def _content(self, path: str, query: Mapping[str, Any]) -> Any:
        if path == "/api/v1/query_range":
            return _matrix(query)
        if path == "/loki/api/v1/query_range":
            return _matrix(query) if str(query["query"]).startswith("sum") else _lines()
        if path in ("/api/v1/query", "/loki/api/v1/query"):
            found = [{"metric": LABELS, "value": [time.time(), "0.5"]}]
            return {"data": {"resultType": "vector", "result": found}}
        if path.startswith("/api/v1/label/"):
            return {"data": ["api", EVIL]}
        if path == "/api/v1/query_exemplars":
            one = {"labels": {"trace_id": TRACE}, "value": "0.4", "timestamp": time.time() - 300}
            return {"data": [{"seriesLabels": {"le": "1"}, "exemplars": [one]}]}
        if path == f"/api/traces/{TRACE}":
            return self.trace
        return {"/api/v2/alerts": [], "/api/v2/silences": []}.get(path)


def _matrix(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return three series of ten minutes, which also serve as buckets of a histogram."""
    end, step = _seconds(query["end"]), float(query["step"])
    times = [end - step * back for back in range(20, -1, -1)]
    result = [
        {"metric": {**LABELS, "le": bound}, "values": [[at, str(place + 1)] for at in times]}
        for place, bound in enumerate(("0.1", "0.5", "+Inf"))
    ]
    return {"data": {"resultType": "matrix", "result": result}}


def _seconds(text: Any) -> float:
    return float(text) if isinstance(text, int | float) else time.time()


def _lines() -> dict[str, Any]:
    labels = {"service_name": "api", "level": "ERROR", "trace_id": TRACE, "request_id": "r1", "note": EVIL}
    stream = {"stream": labels, "values": [[f"{time.time_ns()}", EVIL]]}
    return {"data": {"resultType": "streams", "result": [stream]}}
