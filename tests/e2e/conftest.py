"""Run the whole stack on a separate instance, from `up` to `down`."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
import requests

from stack import settings
from stack.instance import attach
from stack.status import collect
from tests.e2e.offsets import not_listening, port_offset
from tests.e2e.switch import Switch
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
UP_SECONDS = 600
EVERYTHING = {
    "mongo", "redis", "payments", "api-1", "api-2", "worker-1", "sweeper", "nginx", "prometheus", "console",
    "alertmanager", "victorialogs", "log-gateway", "jaeger", "collector",
    "redis-exporter", "nginx-exporter", "node-exporter",
}  # fmt: skip


@dataclass
class Stack:
    """A running instance with its addresses and its launcher."""

    state_dir: Path
    env: dict[str, str]
    environment: ClassVar[str] = "local"
    """The value of `OBSERVABILITY_ENVIRONMENT` if it is not set."""
    log_api: ClassVar[str] = "log-gateway"
    """The component that serves Loki's API."""
    log_store: ClassVar[tuple[str, ...]] = ("victorialogs", "log-gateway")
    """The components that store and serve the logs."""

    def launcher(self, *arguments: str, seconds: float = UP_SECONDS) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stack", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=seconds)

    def status(self) -> dict[str, Any]:
        """Return the rows of ``python -m stack status --json`` by component without starting a process each time."""
        instance = attach(settings.read(self.env))
        return {name: asdict(row) for name, row in collect(instance).items()}

    def url(self, component: str) -> str:
        if not hasattr(self, "_urls"):
            self._urls = {name: row["url"].removesuffix("/metrics") for name, row in self.status().items()}
        return str(self._urls[component])

    def get(self, component: str, path: str, **query: Any) -> Any:
        """Return the JSON of a server's response to GET."""
        answer = requests.get(f"{self.url(component)}{path}", params=query, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request to the shop through NGINX."""
        return requests.request(method, f"{self.url('nginx')}{path}", timeout=15, **options)

    def place_order(self, **headers: str) -> requests.Response:
        """Order one lamp. Header names are written with ``_`` for ``-``."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"items": [{"product_id": "brass-desk-lamp", "quantity": 1}]}
        return self.api("POST", "/api/v1/orders", json=body, headers=names)

    def final_order(self, order_id: str, seconds: float = 20) -> dict[str, Any]:
        """Wait until the order is confirmed or failed, and return it."""

        def final() -> dict[str, Any] | None:
            order: dict[str, Any] = self.api("GET", f"/api/v1/orders/{order_id}").json()
            return order if order["status"] in ("confirmed", "failed") else None

        return wait_until(f"order {order_id} to be final", final, seconds)

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Return the result of an instant query."""
        found: list[dict[str, Any]] = self.get("prometheus", "/api/v1/query", query=promql)["data"]["result"]
        return found

    def number(self, promql: str) -> float | None:
        """Return the single value of an instant query, or ``None`` if it has none."""
        found = self.query(promql)
        return float(found[0]["value"][1]) if found else None

    def log_lines(self, logql: str) -> list[dict[str, str]]:
        """Return the lines of the last hour that match a query: labels and structured metadata, and the text."""
        asked = {"query": logql, "limit": 5000, "since": "1h"}
        streams = self.get(self.log_api, "/loki/api/v1/query_range", **asked)["data"]["result"]
        return [{**stream["stream"], "line": text} for stream in streams for _, text in stream["values"]]

    def trace(self, trace_id: str) -> dict[str, Any]:
        """Return a trace as Jaeger returns it."""
        trace: dict[str, Any] = self.get("jaeger", f"/api/traces/{trace_id}")["data"][0]
        return trace


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start all components without generated traffic, so that all counted requests come from tests."""
    with running(tmp_path_factory.mktemp("glasshouse") / "state") as stack:
        yield stack


@contextmanager
def running(state_dir: Path) -> Iterator[Stack]:
    """Run an instance from `up` to `down` and check that nothing of it is left."""
    with port_offset() as offset:
        own = {"GLASSHOUSE_STATE_DIR": str(state_dir), "GLASSHOUSE_PORT_OFFSET": str(offset), "TRAFFIC": "0"}
        stack = Stack(state_dir, {**os.environ, **own})
        try:
            up = stack.launcher("up")
            assert up.returncode == 0, up.stdout + up.stderr
            yield stack
        finally:
            ports = [row["port"] for row in stack.status().values()]
            down = stack.launcher("down", seconds=60)
        assert down.returncode == 0, down.stdout + down.stderr
        assert processes_of(state_dir) == []
        assert [port for port in ports if not not_listening(port)] == []


def processes_of(state_dir: Path) -> list[str]:
    """Return the commands of all processes that belong to the instance."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GLASSHOUSE_INSTANCE") == str(state_dir):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session")
def switch(stack: Stack) -> Switch:
    """The switch of the shop's faults."""
    return Switch(stack)


@pytest.fixture
def request_id() -> str:
    """A unique id that identifies the test's request in every signal."""
    return f"test-{uuid.uuid4().hex}"
