"""The telemetry-tax bench: its client, its sink, its CPU measurement and its calculations."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import requests

from lab.bench.page import put_into
from lab.bench.tax import client, picture, results, table
from lab.bench.tax.__main__ import chosen
from lab.bench.tax.cpu import cpu_seconds
from lab.bench.tax.measure import Endpoint, Runner
from lab.bench.tax.servers import free_port
from lab.bench.tax.variants import ALL, Variant
from tests.waiting import wait_until

ROOT = Path(__file__).parents[4]


class Counting(BaseHTTPRequestHandler):
    """A server that records its requests."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []
    status = 200

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.asked.append(f"{self.command} {self.path} {len(body)}")
        self.send_response(self.status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    do_GET = do_POST = answer  # noqa: N815 (the names are the library's)

    def log_message(self, format: str, *args: object) -> None:
        return


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error, because some tests close the client's connection."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Counting.asked, Counting.status = [], 200
    with Server(("127.0.0.1", 0), Counting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("endpoint", "size"), [("GET /things", 0), ("POST /orders", 45)])
def test_the_client_sends_exactly_the_given_requests(server: ThreadingHTTPServer, endpoint: str, size: int) -> None:
    """The client sends exactly the given number of requests over several connections."""
    took = client.load(server.server_port, client.request_of(endpoint), 57, 8)
    assert len(took) == 57
    assert min(took) > 0
    assert Counting.asked == [f"{endpoint} {size}"] * 57


def test_the_client_ends_at_an_answer_that_is_no_success(server: ThreadingHTTPServer) -> None:
    """The client stops at a response that is not a success, because failures are fast and would look cheap."""
    Counting.status = 500
    with pytest.raises(client.Refused, match=r"HTTP/1\.1 500"):
        client.load(server.server_port, client.request_of("GET /things"), 10, 2)


@pytest.fixture
def sink() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "lab.bench.tax.sink", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/counts", timeout=1).ok
        except requests.ConnectionError:
            return False

    wait_until("the sink", answers)
    yield url
    process.terminate()
    process.wait()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/traces", 200),
        ("/v1/logs", 200),
        ("/v0.5/traces", 200),
        ("/api/1/envelope/", 200),
        ("/intake/v2/events", 202),
        ("/elsewhere", 404),
    ],
)
def test_the_sink_answers_as_each_backend_does_and_counts(sink: str, path: str, status: int) -> None:
    """The sink responds as each backend does and counts requests, with whole and chunked bodies.

    An unknown path is not counted.
    """
    assert requests.post(f"{sink}{path}", data=b"x" * 1000, timeout=5).status_code == status
    assert requests.post(f"{sink}{path}", data=iter([b"a" * 10, b"b" * 20]), timeout=5).status_code == status
    counts = requests.get(f"{sink}/counts", timeout=5).json()
    assert counts == ({} if status == 404 else {path: {"posts": 2, "bytes": 1030}})


def test_cpu_time_is_that_of_a_process_and_its_children() -> None:
    """CPU time includes a process's children, and waiting costs no CPU time."""
    burn = "import time\nwhile time.process_time() < 0.5: pass\nprint('burnt', flush=True)\ninput()"
    nest = f"import subprocess,sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    process = subprocess.Popen([sys.executable, "-c", nest], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"burnt\n"
    spent = cpu_seconds(process.pid)
    assert 0.5 <= spent < 2.0
    assert cpu_seconds(process.pid) - spent < 0.1
    process.stdin.write(b"\n")
    process.stdin.close()
    process.wait()
    process.stdout.close()


def runner(name: str, *cpu: float) -> Runner:
    made = Runner(Variant(name, "bare"), "")
    made.cpu_us["cached read"] = list(cpu)
    made.p99_ms["cached read"] = [1.0 for _ in cpu]
    return made


def rows() -> list[dict[str, object]]:
    # The machine was twice as slow in the second round, which does not affect the ratios.
    pair = [runner("bare", 100.0, 200.0, 100.0), runner("ours", 110.0, 220.0, 130.0)]
    return results.rows(pair, [Endpoint("cached read", "GET /cached", 1000)])


def test_ratios_are_taken_within_a_round() -> None:
    """Ratios are calculated within a round, and their median is reported."""
    bare, ours = rows()
    assert (bare["ratio_to_bare"], bare["spread"]) == (1.0, [1.0, 1.0])
    assert (ours["cpu_us_per_request"], ours["ratio_to_bare"], ours["spread"]) == (130.0, 1.1, [1.1, 1.2])
    assert (ours["requests"], ours["rounds"]) == (3000, 3)


def test_servers_of_one_variant_are_one_row() -> None:
    """Several servers of one variant are one row: their mean in each round, and the sum of their requests."""
    servers = [runner("bare", 90.0, 110.0), runner("bare", 110.0, 90.0), runner("ours", 108.0, 112.0)]
    bare, ours = results.rows(servers, [Endpoint("cached read", "GET /cached", 1000)])
    assert (bare["cpu_us_per_request"], bare["requests"], bare["rounds"]) == (100.0, 4000, 2)
    assert (ours["ratio_to_bare"], ours["spread"], ours["requests"]) == (1.1, [1.09, 1.11], 2000)


@pytest.mark.parametrize(
    ("quick", "only", "servers"),
    [
        (True, None, {"bare": 1, "ours": 1, "README wiring": 1}),
        (True, "logfire", {"bare": 1, "logfire": 1}),
        (False, None, {**dict.fromkeys((one.name for one in ALL), 1), "bare": 3, "ours": 2}),
        (False, "logfire", {"bare": 3, "logfire": 1}),
        (False, "ours, no traces", {"bare": 3, "ours, no traces": 1}),
    ],
)
def test_what_all_is_divided_by_has_several_servers(quick: bool, only: str | None, servers: dict[str, int]) -> None:
    """The bare variant has several servers, because all results are divided by its result.

    The quick run has time for only one. Bare is the first variant.
    """
    wanted = [variant.name for variant in chosen(quick, only)]
    assert wanted[0] == "bare"
    assert Counter(wanted) == servers


def test_the_documents_are_made_of_the_results(tmp_path: Path) -> None:
    """The result table replaces the text between the markers only, and a document without markers is reported."""
    found = {"machine": "a", "date": "2026-01-02T03", "load": "b", "versions": {"flask": "3"}, "results": rows()}
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- tax: begin -->\nold\n<!-- tax: end -->\nafter\n")
    for _ in range(2):
        put_into(document, "tax", table.markdown(found))
        text = document.read_text()
        assert (text.startswith("before\n"), text.endswith("\nafter\n"), "old" in text) == (True, True, False)
        assert text.count("| cached read | ours | 130 µs | 1.10 | 1.10–1.20 | 1 ms |") == 1
    document.write_text("nothing")
    with pytest.raises(ValueError, match="does not contain the lines"):
        put_into(document, "tax", table.markdown(found))
    assert ">1.10</text>" in picture.svg(found)


def test_every_variant_that_is_compared_must_export() -> None:
    """Every variant except bare exports its telemetry, because a variant that sends nothing observes nothing."""
    assert [variant.name for variant in ALL if not variant.exports_to] == ["bare"]
    assert len({variant.name for variant in ALL}) == len(ALL)
