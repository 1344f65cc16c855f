"""The whole stack on a separate instance, from `up` to `down`."""

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
    """A running instance: its addresses and its launcher."""

    state_dir: Path
    env: dict[str, str]
    environment: ClassVar[str] = "local"
    """`DEPLOYMENT_ENVIRONMENT` unless it is set."""
    log_api: ClassVar[str] = "log-gateway"
    """The component that serves Loki's API."""
    log_store: ClassVar[tuple[str, ...]] = ("victorialogs", "log-gateway")
    """The components that keep and serve the logs."""

    def launcher(self, *arguments: str, seconds: float = UP_SECONDS) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stack", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=seconds)

    def status(self) -> dict[str, Any]:
        """The rows of ``python -m stack status --json`` by component, without a process for each question."""
        instance = attach(settings.read(self.env))
        return {name: asdict(row) for name, row in collect(instance).items()}

    def url(self, component: str) -> str:
        if not hasattr(self, "_urls"):
            self._urls = {name: row["url"].removesuffix("/metrics") for name, row in self.status().items()}
        return str(self._urls[component])

    def get(self, component: str, path: str, **query: Any) -> Any:
        """The JSON that a server answers to GET."""
        answer = requests.get(f"{self.url(component)}{path}", params=query, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request to the shop, through NGINX."""
        return requests.request(method, f"{self.url('nginx')}{path}", timeout=15, **options)

    def place_order(self, **headers: str) -> requests.Response:
        """Order one lamp; header names with ``_`` for ``-``."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"items": [{"product_id": "brass-desk-lamp", "quantity": 1}]}
        return self.api("POST", "/api/v1/orders", json=body, headers=names)

    def final_order(self, order_id: str, seconds: float = 20) -> dict[str, Any]:
        """The order, once it is confirmed or failed."""

        def final() -> dict[str, Any] | None:
            order: dict[str, Any] = self.api("GET", f"/api/v1/orders/{order_id}").json()
            return order if order["status"] in ("confirmed", "failed") else None

        return wait_until(f"order {order_id} to be final", final, seconds)

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The result of an instant query."""
        found: list[dict[str, Any]] = self.get("prometheus", "/api/v1/query", query=promql)["data"]["result"]
        return found

    def number(self, promql: str) -> float | None:
        """The one value of an instant query, ``None`` if it has none."""
        found = self.query(promql)
        return float(found[0]["value"][1]) if found else None

    def log_lines(self, logql: str) -> list[dict[str, str]]:
        """What the log store finds in the last hour: the labels and structured metadata of each line, and its text."""
        asked = {"query": logql, "limit": 5000, "since": "1h"}
        streams = self.get(self.log_api, "/loki/api/v1/query_range", **asked)["data"]["result"]
        return [{**stream["stream"], "line": text} for stream in streams for _, text in stream["values"]]

    def trace(self, trace_id: str) -> dict[str, Any]:
        """A trace as Jaeger returns it."""
        trace: dict[str, Any] = self.get("jaeger", f"/api/traces/{trace_id}")["data"][0]
        return trace


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything up, without generated traffic: each request that is counted is a test's."""
    with running(tmp_path_factory.mktemp("glasshouse") / "state") as stack:
        yield stack


@contextmanager
def running(state_dir: Path) -> Iterator[Stack]:
    """An instance from `up` to `down`; nothing of it is left."""
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
    """The commands of all processes that belong to the instance."""
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
    """Switches faults on and off."""
    return Switch(stack)


@pytest.fixture
def request_id() -> str:
    """An id of the test's own, by which its request is found again in every signal."""
    return f"test-{uuid.uuid4().hex}"
