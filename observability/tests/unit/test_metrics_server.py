"""The internal port for metrics."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from glasshouse_observability.metrics.server import MetricsServer
from glasshouse_observability.swallowed import SwallowedErrors
from library_support.waiting import wait_until


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("hits_total", "Hits", registry=registry).inc(3, {"trace_id": "ab"})
    return registry


def test_metrics_are_served_in_the_format_that_is_asked_for(registry: CollectorRegistry) -> None:
    """OpenMetrics contains exemplars, and the classic text does not."""
    server = MetricsServer(registry, "127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{server.port}/metrics"
        request = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        with urllib.request.urlopen(request) as answer:
            assert b'hits_total 3.0 # {trace_id="ab"}' in answer.read()
        with urllib.request.urlopen(url) as answer:
            assert b"trace_id" not in answer.read()
    finally:
        server.close()


def get(server: MetricsServer) -> bytes:
    """Return the body of one scrape."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        body: bytes = answer.read()
        return body


def test_a_port_in_use_is_served_as_soon_as_it_is_free(
    registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    """The server starts at once although another process has the port, logs that once, and serves when it is free.

    gunicorn's HUP during a long request: the old worker has the port until the request has ended.
    """
    caplog.set_level("INFO")
    other = socket.create_server(("127.0.0.1", 0))
    with other:
        server = MetricsServer(registry, "127.0.0.1", other.getsockname()[1], retry_seconds=0.01)
        assert server.port is None
        attempts = wait_until("several attempts", lambda: server.attempts > 3)
        assert attempts
        assert [record.event for record in caplog.records] == ["metrics.port_unavailable"]  # type: ignore[attr-defined]
        assert "the attempt is repeated each second" in caplog.text
    try:
        assert b"hits_total 3.0" in wait_until("metrics", lambda: get(server))
        assert [record.event for record in caplog.records][1:] == ["metrics.port_bound"]  # type: ignore[attr-defined]
    finally:
        server.close()


def test_a_server_that_waits_for_its_port_can_be_closed(registry: CollectorRegistry) -> None:
    """A server that has never had its port is closed without an error, and does not take the port later."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = MetricsServer(registry, "127.0.0.1", other.getsockname()[1], retry_seconds=0.01)
        server.close()
    assert server.port is None


def test_a_closed_server_frees_its_port(registry: CollectorRegistry) -> None:
    """A closed server frees its port at once for a successor."""
    first = MetricsServer(registry, "127.0.0.1", 0)
    port = first.port
    assert port is not None
    first.close()
    second = MetricsServer(registry, "127.0.0.1", port)
    assert second.port == port
    second.close()


def test_a_fork_does_not_keep_the_port(registry: CollectorRegistry) -> None:
    """A child that outlives the server does not keep its port, whether it is a fork or another program.

    An RQ work horse outlives a worker that was killed; the worker's successor needs the port.
    """
    server = MetricsServer(registry, "127.0.0.1", 0)
    port = server.port
    assert port is not None
    ended, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        os.read(ended, 1)
        os._exit(0)
    other = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    with subprocess.Popen(["/bin/sleep", "60"], preexec_fn=lambda: None, close_fds=False) as third:
        server.close()
        successor = MetricsServer(registry, "127.0.0.1", port)
        assert successor.port == port
        successor.close()
        os.kill(other, signal.SIGKILL)
        third.kill()
    os.close(end)
    os.waitpid(other, 0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_fork_can_stop_its_copy_of_the_server(registry: CollectorRegistry) -> None:
    """``close`` in a fork returns, although the thread that serves does not exist there; the parent keeps its port."""
    server = MetricsServer(registry, "127.0.0.1", 0)
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        server.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert b"hits_total" in get(server)
    server.close()


@pytest.mark.parametrize(
    ("host", "client"), [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1"), ("localhost", "127.0.0.1")]
)
def test_an_ipv6_address_is_served(registry: CollectorRegistry, host: str, client: str) -> None:
    """An IPv6 address is served; ``::`` accepts IPv4 too (prometheus/client_python#965)."""
    server = MetricsServer(registry, host, 0)
    assert server.port is not None
    try:
        with socket.create_connection((client, server.port), 10) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert b"hits_total 3.0" in answer
    finally:
        server.close()


def test_an_address_of_no_interface_is_repeated(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    """An address or name that does not exist yet does not fail the start: the reason is logged, and it is repeated."""
    for host in ("203.0.113.1", "no-such-host.invalid"):
        server = MetricsServer(registry, host, 0, retry_seconds=0.01)
        assert server.port is None
        server.close()
    assert len(caplog.records) == 2


def test_a_client_that_disconnects_is_no_error_of_the_process(
    registry: CollectorRegistry, capfd: pytest.CaptureFixture[str]
) -> None:
    """A scraper that resets its connection leaves nothing on standard error, and later scrapes are answered."""
    errors = SwallowedErrors(registry)
    server = MetricsServer(registry, "127.0.0.1", 0, errors)
    assert server.port is not None
    try:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(b"GET /metrics")
        assert b"hits_total 3.0" in get(server)
    finally:
        server.close()
    assert "Traceback" not in capfd.readouterr().err
