"""A separate log gateway for tests, started as in the native stack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.logql.runner import Parameters
from tests.ports import free_ports
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


class Direct:
    """A client for a server on this machine."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._session = requests.Session()

    def get(self, path: str, query: Parameters, headers: dict[str, str]) -> tuple[int, str]:
        """Return status and text of the response."""
        answer = self._session.get(self.base + path, params=[*query], headers=headers, timeout=60)
        return answer.status_code, answer.content.decode()

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        """Return status and text of the response."""
        headers = {"Content-Type": content_type}
        answer = self._session.post(self.base + path, data=body, headers=headers, timeout=60)
        return answer.status_code, answer.content.decode()


@contextmanager
def running(folder: Path, store: str, **settings: str) -> Iterator[Direct]:
    """Run a gateway in front of a store; its output is in ``folder``."""
    port, metrics_port = free_ports(2)
    arguments = ["-m", "gunicorn", "-c", "log_gateway/gunicorn.conf.py", "log_gateway.wsgi:app"]
    env = {
        **os.environ,
        "VICTORIALOGS_URL": store,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "OBSERVABILITY_METRICS_PORT": str(metrics_port),
        **settings,
    }
    log = folder / "log-gateway.log"
    with process([sys.executable, *arguments], log, env) as server:
        gateway = f"http://127.0.0.1:{port}"

        def is_ready() -> bool:
            return server.poll() is not None or requests.get(f"{gateway}/ready", timeout=2).ok

        wait_until("the log gateway to be ready", is_ready, 30)
        assert server.poll() is None, f"the gateway has ended with {server.returncode}:\n{log.read_text()[-3000:]}"
        yield Direct(gateway)


@contextmanager
def process(command: Sequence[str], log: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server that is terminated on exit, and killed if it does not exit within ten seconds."""
    with log.open("ab") as stream:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=stream, stderr=stream)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)
