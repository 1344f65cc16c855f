"""NGINX on free ports, rendered from its template, in front of the tests' own replicas."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from stack import programs, render
from tests.ports import free_port
from tests.rules.files import CONFIG
from tests.waiting import wait_until

TEMPLATE = CONFIG / "nginx" / "nginx.conf.template"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


@dataclass
class Answer:
    """One HTTP answer, read to the end of its connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        parsed: dict[str, object] = json.loads(self.body)
        return parsed


@dataclass
class FrontDoor:
    """A running NGINX."""

    port: int
    access_log: Path

    def send(self, raw: bytes) -> Answer:
        """Send raw bytes, which no HTTP client would send, and close this side of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as stream:
                received = stream.read()
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        return Answer(int(first.split()[1]), {name.lower(): value for name, value in pairs}, body)

    def get(self, path: str = "/", *headers: str) -> Answer:
        lines = [f"GET {path} HTTP/1.1", "Host: shop", "Connection: close", *headers, "", ""]
        return self.send("\r\n".join(lines).encode("latin-1"))

    def log_line(self, request_id: str) -> dict[str, object]:
        """Return the access log line of a request."""

        def look() -> dict[str, object] | None:
            lines: list[dict[str, object]] = [json.loads(line) for line in self.access_log.read_text().splitlines()]
            return next((line for line in lines if line["request_id"] == request_id), None)

        return wait_until(f"the access line of request {request_id}", look)


@dataclass
class Replica:
    """A substitute for an API replica that stores the headers it receives."""

    name: str
    seen: list[dict[str, str]] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[int]:
        replica = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                replica.seen.append({name.lower(): value for name, value in self.headers.items()})
                body = replica.name.encode()
                self.send_response(200)
                self.send_header("X-Trace-ID", TRACE_ID)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 (the name is http.server's)

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            yield server.server_address[1]
            server.shutdown()


def rendered(folder: Path, port: int, status_port: int, replicas: list[int]) -> Path:
    """Render the template like both runtimes and return the file."""
    values = {
        "NGINX_LISTEN": f"127.0.0.1:{port}",
        "NGINX_STATUS_LISTEN": f"127.0.0.1:{status_port}",
        "NGINX_ACCESS_LOG": str(folder / "access.log"),
        "API_UPSTREAM_SERVERS": " ".join(f"server 127.0.0.1:{replica};" for replica in replicas),
    }
    path = folder / "nginx.conf"
    path.write_text(render.envsubst(TEMPLATE.read_text(), values))
    return path


@contextmanager
def nginx(folder: Path, replicas: list[int]) -> Iterator[FrontDoor]:
    """Run NGINX until the end of the block."""
    port, status_port = free_port(), free_port()
    rendered(folder, port, status_port, replicas)
    command = [str(programs.find("nginx")), "-p", str(folder), "-e", "stderr", "-c", "nginx.conf"]
    with (folder / "errors.log").open("wb") as errors:
        process = subprocess.Popen(command, env={"TZ": "UTC"}, stderr=errors)
    try:
        wait_until("NGINX to listen", lambda: listening(port, process))
        yield FrontDoor(port, folder / "access.log")
    finally:
        process.terminate()
        process.wait(timeout=10)


def listening(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Return whether the port is open. Fails immediately if the process has exited."""
    assert process.poll() is None, "NGINX has exited; see errors.log in the test's folder"
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
