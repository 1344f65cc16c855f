"""The benchmark's own VictoriaLogs and log gateway, on free ports, with the flags of the native stack."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import requests

from lab.clients.http import direct_session
from log_gateway.writing.durability import rows_of
from stack import programs
from stack.paths import ROOT

READY_SECONDS = 60.0


class Servers:
    """The servers' addresses and resource usage."""

    def __init__(self, store: str, gateway: str, folder: Path, processes: list[subprocess.Popen[bytes]]) -> None:
        self.store, self.gateway, self._folder, self._processes = store, gateway, folder, processes

    def wait_written(self, lines: int) -> None:
        """Wait until all lines are in files. Raises ``RuntimeError`` after a minute."""
        deadline = time.monotonic() + READY_SECONDS
        while rows_of(direct_session().get(f"{self.store}/metrics", timeout=10).text)[1] < lines:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.store} still has lines in memory")
            time.sleep(0.5)

    def disk_bytes(self) -> int:
        """Return the size of the store's files in bytes."""
        return sum(file.stat().st_size for file in self._folder.rglob("*") if file.is_file())

    def resident_bytes(self) -> tuple[int, int]:
        """Return the resident memory of the store, and of the gateway including its worker."""
        sizes = []
        for process in self._processes:
            parent = psutil.Process(process.pid)
            sizes.append(sum(one.memory_info().rss for one in [parent, *parent.children(recursive=True)]))
        return sizes[0], sizes[1]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Start both servers and stop them on exit."""
    store_port, gateway_port, metrics_port = _free_ports(3)
    store, gateway = f"http://127.0.0.1:{store_port}", f"http://127.0.0.1:{gateway_port}"
    data = folder / "data"
    store_command = [
        str(programs.find("victoria-logs")),
        f"-httpListenAddr=127.0.0.1:{store_port}",
        f"-storageDataPath={data}",
        "-retentionPeriod=30d",
        "-inmemoryDataFlushInterval=1s",
        "-http.connTimeout=24h",
        "-defaultMsgValue=",
    ]
    gateway_command = [sys.executable, "-m", "gunicorn", "-c", "log_gateway/gunicorn.conf.py", "log_gateway.wsgi:app"]
    environment = os.environ | {
        "VICTORIALOGS_URL": store,
        "HOST": "127.0.0.1",
        "PORT": str(gateway_port),
        "OBSERVABILITY_METRICS_PORT": str(metrics_port),
        "LOG_GATEWAY_QUERY_SECONDS": "120",
    }
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, command in (("store", store_command), ("gateway", gateway_command)):
            with (folder / f"{name}.log").open("ab") as log:
                processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
        for process, address in zip(processes, (f"{store}/health", f"{gateway}/ready"), strict=True):
            _wait(process, address, folder)
        yield Servers(store, gateway, data, processes)
    finally:
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if direct_session().get(address, timeout=2).ok:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{address} does not respond: see the logs in {folder}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
