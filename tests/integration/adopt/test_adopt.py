"""A separate Flask + RQ application that adopts ``observability/`` exports all three signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.adopt.guestbook import Guestbook, adopt
from tests.integration.adopt.otlp_sink import OtlpSink
from tests.integration.conftest import Server
from tests.waiting import wait_until

SERVER, PRODUCER, CONSUMER = 2, 4, 5
"""Kinds of spans, with OTLP's numbers."""
RULES = Path(__file__).parents[3] / "alerts" / "rules"
NAMED = ("ApiErrorRatioHigh", "ApiLatencyHigh", "QueueOld")


@pytest.fixture
def sink() -> Iterator[OtlpSink]:
    sink = OtlpSink()
    yield sink
    sink.close()


@pytest.fixture(params=[1, 4], ids=["one-process", "four-workers"])
def guestbook(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: tuple[str, Server], sink: OtlpSink
) -> Iterator[Guestbook]:
    adopt(tmp_path)
    book = Guestbook(tmp_path, redis_server[0], sink.url, workers=request.param, shared=request.param > 1)
    try:
        book.wait()
        yield book
    finally:
        book.stop()


def test_nothing_else_of_ours_is_there(tmp_path: Path) -> None:
    """In the adopter's folder, the installed library can be imported, and the shop cannot."""
    adopt(tmp_path)
    program = "import glasshouse_observability as it, importlib.util as u; print(it.__name__, u.find_spec('shop'))"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["glasshouse_observability", "None"]


def test_all_three_signals_are_correct(guestbook: Guestbook, sink: OtlpSink) -> None:
    """Hundreds of requests and jobs are each counted, logged and traced once, even if a worker dies in between."""
    guestbook.serve(times=10)
    guestbook.wait_for_jobs(10)
    _counted(guestbook)
    _traced(guestbook, sink)

    _kill_one_worker(guestbook)
    guestbook.serve(times=5)
    guestbook.wait_for_jobs(15)
    _counted(guestbook)
    _traced(guestbook, sink)
    _logged(guestbook)
    _alerts_find_their_series(guestbook)
    if guestbook.workers > 1:
        _shared(guestbook)
    else:
        _alone(guestbook)


def _counted(book: Guestbook) -> None:
    """Every request is counted; a request is counted when its last byte was sent, so a client may be a moment early."""
    wait_until("each request to be counted", lambda: book.counted().total() >= book.truth.total())
    assert book.counted() == book.truth


def _kill_one_worker(book: Guestbook) -> None:
    before = book.pids()
    os.kill(min(before), signal.SIGKILL)
    wait_until("a worker that replaces it", lambda: len(book.pids()) == book.workers and book.pids() != before)
    if book.workers == 1:
        # The counts of a new process start at zero, as a scraper expects.
        book.truth.clear()
        wait_until("the new worker to serve its metrics", lambda: book.exposition())


def _traced(book: Guestbook, sink: OtlpSink) -> None:
    """Every request has one server span; the spans of a job are in the trace of the request that enqueued it."""
    wait_until(
        f"{len(book.answers)} server spans", lambda: sum(s.kind == SERVER for s in sink.spans) == len(book.answers)
    )
    signed = [answer for answer in book.answers if answer.status_code == 202]
    wait_until(f"{len(signed)} consumer spans", lambda: sum(s.kind == CONSUMER for s in sink.spans) == len(signed))
    assert {s.trace_id for s in sink.spans if s.kind == SERVER} == {a.headers["X-Trace-ID"] for a in book.answers}
    for answer in signed:
        trace = {s.kind: s for s in sink.spans if s.trace_id == answer.headers["X-Trace-ID"]}
        assert trace[PRODUCER].parent_id == trace[SERVER].span_id
        assert trace[CONSUMER].parent_id == trace[PRODUCER].span_id
        assert (trace[SERVER].service, trace[CONSUMER].service) == ("guestbook", "guestbook-worker")


def _logged(book: Guestbook) -> None:
    """Each request and job has one line, with the ids that the client received; no line has a job's arguments."""
    logged = [line for line in book.lines("web") if line.get("event") == "http.request"]
    asked = Counter((a.headers["X-Request-ID"], a.headers["X-Trace-ID"], a.status_code) for a in book.answers)
    assert Counter((x["request_id"], x["trace_id"], x["http_response_status_code"]) for x in logged) == asked
    done = [line for line in book.lines("worker") if line.get("event") == "rq.job"]
    signed = {a.text.strip(): a.headers["X-Trace-ID"] for a in book.answers if a.status_code == 202}
    assert {line["job_id"]: line["trace_id"] for line in done} == signed
    assert len(done) == len(signed)
    failed = [line for line in book.lines("worker") if line.get("event") == "rq.job_failed"]
    assert {(line["exception_message"], line["trace_id"] != "") for line in failed} == {("an empty letter", True)}
    assert "quentin" not in (book.folder / "worker.log").read_text()


def _alerts_find_their_series(book: Guestbook) -> None:
    """The rules listed in docs/library/collecting.md use only metrics that the guestbook exports."""
    rules = [yaml.safe_load((RULES / file).read_text()) for file in ("symptoms.yml", "orders.yml")]
    asked = [
        str(rule) for file in rules for group in file["groups"] for rule in group["rules"] if rule.get("alert") in NAMED
    ]
    names = {name for text in asked for name in re.findall(r"\b(?:http_server|rq)_[a-z_]+(?=[\[{ )])", text)}
    assert {"http_server_request_duration_seconds_count", "rq_queue_oldest_job_age_seconds"} <= names
    exposed = book.exposition() + book.worker_exposition()
    assert [name for name in names if f"\n{name}{{" not in exposed] == []


def _shared(book: Guestbook) -> None:
    """Four worker slots leave four files although a worker was replaced; the RQ worker, also with the setting, none."""
    (replica,) = (book.folder / "counts").iterdir()
    assert {file.name for file in replica.glob("histogram_*")} == {f"histogram_{slot}.db" for slot in range(4)}
    assert "process_resident_memory_bytes" not in book.exposition()


def _alone(book: Guestbook) -> None:
    """One process has data that shared files cannot hold: exemplars and process metrics."""
    openmetrics = book.exposition("application/openmetrics-text; version=1.0.0")
    assert any(f'trace_id="{answer.headers["X-Trace-ID"]}"' in openmetrics for answer in book.answers)
    assert "process_resident_memory_bytes" in openmetrics
