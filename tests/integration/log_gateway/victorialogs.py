"""A real VictoriaLogs for tests, and functions that write to it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from stack import programs
from tests.ports import free_port
from tests.waiting import wait_until

Line = tuple[int, str, Mapping[str, str], Mapping[str, str]]
"""A line: time in ns, text, resource attributes, log attributes."""


class VictoriaLogs:
    """A VictoriaLogs started with the launcher's flags that affect durability (`stack/logservers.py`)."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it on its existing data and wait until it responds."""
        with (self._folder / "victorialogs.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(programs.find("victoria-logs")),
                    f"-httpListenAddr=127.0.0.1:{self.port}",
                    f"-storageDataPath={self._folder / 'data'}",
                    "-retentionPeriod=3d",
                    "-inmemoryDataFlushInterval=1s",
                    "-http.connTimeout=24h",
                    "-defaultMsgValue=",
                ],
                stdout=log,
                stderr=log,
            )
        wait_until("VictoriaLogs to respond", lambda: requests.get(f"{self.url}/health", timeout=1).ok)

    def kill(self) -> None:
        """Kill it with SIGKILL, so that it cannot flush."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all its threads within the block; running threads may respond for a moment after the signal."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        self.process.send_signal(signal.SIGSTOP)
        try:
            wait_until("all threads to stop", lambda: {_state(task) for task in tasks.iterdir()} == {"T"})
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Return the running process."""
        assert self._process is not None
        return self._process

    def insert(self, lines: Iterable[Line]) -> None:
        """Write lines and make them searchable."""
        answer = requests.post(
            f"{self.url}/insert/opentelemetry/v1/logs",
            data=otlp(lines),
            headers={"Content-Type": "application/x-protobuf", "VL-Stream-Fields": "service.name,level"},
            timeout=10,
        )
        answer.raise_for_status()
        requests.get(f"{self.url}/internal/force_flush", timeout=10).raise_for_status()

    def count(self, query: str) -> int:
        """Return how many rows a LogsQL query finds; rows stored twice count twice."""
        answer = requests.post(f"{self.url}/select/logsql/query", data={"query": f"{query} | count() n"}, timeout=10)
        return int(answer.json()["n"])


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


def otlp(lines: Iterable[Line]) -> bytes:
    """Return the lines as an OTLP request in protobuf."""
    request = ExportLogsServiceRequest()
    for at, text, resource, attributes in lines:
        logs = request.resource_logs.add()
        for name, value in resource.items():
            logs.resource.attributes.add(key=name).value.string_value = value
        record = logs.scope_logs.add().log_records.add()
        record.time_unix_nano, record.body.string_value = at, text
        for name, value in attributes.items():
            record.attributes.add(key=name).value.string_value = value
    return request.SerializeToString()
