"""Live log lines: filters that cannot change the query, and streams that are limited in number and time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from console.inbox.store import Inbox
from console.servers.http import JsonServer
from console.servers.loki import Loki
from console.tail.logql import query_of
from console.tail.routes import Held
from console.tail.stream import BATCH, REMEMBERED, STREAM_SECONDS, Tail, events, moment
from console.web.limits import Places
from tests.unit.console.consoles import FakedConsole, faked_console

PATH = "/loki/api/v1/query_range"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def lines(*messages: str, first: int = 1) -> dict[str, Any]:
    """Return Loki's response with one line per nanosecond."""
    values = [[str(first + number), message] for number, message in enumerate(messages)]
    return {"data": {"result": [{"stream": {"service_name": "api", "level": "INFO"}, "values": values}]}}


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ({}, '{service_name=~".+"}'),
        ({"service": "api"}, '{service_name="api"}'),
        ({"level": "WARNING"}, '{service_name=~".+", level=~"WARNING|ERROR|CRITICAL|UNKNOWN"}'),
        ({"level": "DEBUG"}, '{service_name=~".+"}'),
        ({"level": "odd"}, '{service_name=~".+"}'),
        ({"text": "a b"}, '{service_name=~".+"} |~ "(?i)a b"'),
        ({"text": "a.*"}, '{service_name=~".+"} |~ "(?i)a\\\\x{2e}\\\\x{2a}"'),
        ({"event": "http.request"}, '{service_name=~".+"} | event="http.request"'),
        ({"identity": "x"}, '{service_name=~".+"} | request_id="x" or trace_id="x" or order_id="x"'),
    ],
)
def test_filters_become_a_query(filters: dict[str, str], query: str) -> None:
    """A filter that is left out matches everything, and a level is the least severe one to show."""
    assert query_of(**filters) == query


@pytest.mark.parametrize("text", ['"} | x="', "`", "\\", '\\"', "\\x{22}", "<script>", "ü{}", '" or "', "\n"])
def test_no_text_ends_the_string_that_it_stands_in(text: str) -> None:
    """A text cannot end its string in the query: quotes are replaced, and backslashes occur only in pairs."""
    query = query_of(text=text)
    inner = query.removeprefix('{service_name=~".+"} |~ "(?i)').removesuffix('"')
    assert '"' not in inner
    assert "`" not in inner
    assert "\\" not in inner.replace("\\\\", "")
    assert "\n" not in query


def tail_of(fake_transport: type, *answers: Any, since: datetime | None = None) -> tuple[Tail, Any]:
    transport = fake_transport({PATH: answers})
    return Tail(Loki(JsonServer("Log store", "http://loki", transport)), "{}", lambda: NOW, since), transport


def test_a_line_is_sent_once(fake_transport: type) -> None:
    """A line is sent once, oldest first.

    Lines may arrive late and out of order, so the last seconds are queried again.
    """
    tail, _ = tail_of(fake_transport, lines("a", "b"), lines("a", "late", "b", "c"))
    assert [line["message"] for line in tail.new()] == ["a", "b"]
    assert [line["message"] for line in tail.new()] == ["late", "b", "c"]


def test_the_same_line_at_the_same_time_is_the_same(fake_transport: type) -> None:
    """The same line with the same time is not sent again."""
    tail, transport = tail_of(fake_transport, lines("a"))
    assert len(tail.new()) == 1
    assert tail.new() == []
    starts = [query["start"] for _, _, query, _ in transport.asked]
    assert starts == ["2026-11-24T09:59:30.000000Z", "2026-11-24T09:59:54.000000Z"]


def test_what_is_remembered_is_bounded(fake_transport: type) -> None:
    """The number of remembered lines is bounded, however long the stream lasts."""
    many = [lines(*(f"{batch} {number}" for number in range(BATCH))) for batch in range(REMEMBERED // BATCH + 3)]
    tail, _ = tail_of(fake_transport, *many)
    for _ in many:
        tail.new()
    assert len(tail._seen) == REMEMBERED


def test_a_flood_is_said_to_be_one(fake_transport: type) -> None:
    """If more lines arrive than one response holds, the tail reports that lines are missing."""
    tail, _ = tail_of(fake_transport, lines(*map(str, range(BATCH))), lines("one"))
    tail.new()
    assert tail.is_behind
    tail.new()
    assert not tail.is_behind


def parsed(chunks: Iterator[str]) -> list[tuple[str, Any]]:
    """Return the name and the data of each event."""
    found = []
    for chunk in chunks:
        fields = dict(part.split(": ", 1) for part in chunk.strip().split("\n") if not part.startswith(":"))
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_a_stream_ends_by_itself(fake_transport: type) -> None:
    """A stream ends after some minutes, so that a forgotten page frees its thread; the browser reconnects."""
    times = [0.0]
    tail, transport = tail_of(fake_transport, lines("a"))
    chunks = list(events(tail, lambda: times[0], lambda seconds: times.__setitem__(0, times[0] + seconds)))
    assert chunks[0] == "retry: 2000\n\n"
    assert len(transport.asked) == STREAM_SECONDS
    assert [name for name, _ in parsed(iter(chunks))] == ["lines"]
    assert set(chunks[2:]) == {": nothing new\n\n"}


def test_a_stream_survives_lokis_absence(fake_transport: type) -> None:
    """A stream reports that Loki is unavailable and continues when Loki responds again."""
    times = [0.0]
    tail, _ = tail_of(fake_transport, requests.ConnectionError("refused"), lines("a"))
    found = parsed(events(tail, lambda: times[0], lambda seconds: times.__setitem__(0, times[0] + 100)))
    assert [name for name, _ in found] == ["trouble", "lines"]
    assert "Log store does not respond" in found[0][1]


def test_a_line_cannot_make_an_event(fake_transport: type) -> None:
    """Line ends in a log line stay inside its JSON and cannot create an event."""
    evil = "x\n\nevent: trouble\ndata: 1\r\n<script>alert(1)</script>\u2028"
    tail, _ = tail_of(fake_transport, lines(evil))
    _, chunk, *_ = list(events(tail, iter([0.0, 0.0, 999.0]).__next__, lambda _: None))
    assert chunk.count("\n") == 4  # the line ends of the event itself
    assert "\r" not in chunk
    assert parsed(iter([chunk]))[0][1][0]["message"] == evil


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "9" * 21, "²"])
def test_an_invalid_last_event_is_ignored(text: str) -> None:
    """An invalid last event ID, which the browser sends, is ignored."""
    assert moment(text) is None


def test_a_stream_goes_on_where_it_was() -> None:
    """The ID of an event is the time of its last line in ns, from which a stream continues."""
    assert moment("1764000000500000000") == datetime(2025, 11, 24, 16, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "start"),
    [
        (datetime(2026, 11, 24, 9, 55, tzinfo=UTC), "2026-11-24T09:55:00.000000Z"),
        (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), "2026-11-24T09:59:30.000000Z"),
        (datetime(5138, 11, 16, tzinfo=UTC), "2026-11-24T09:59:30.000000Z"),
    ],
)
def test_a_stream_goes_on_from_near_places_only(fake_transport: type, since: datetime, start: str) -> None:
    """A stream continues only from a recent time, and otherwise starts half a minute ago, like a new one."""
    tail, transport = tail_of(fake_transport, lines(), since=since)
    tail.new()
    assert transport.asked[0][2]["start"] == start


@pytest.fixture
def make(inbox: Inbox, tmp_path: Path, fake_transport: type) -> Callable[..., FakedConsole]:
    """Return a console whose Loki gives these responses."""
    return lambda *answers: faked_console(inbox, tmp_path, fake_transport({PATH: answers}), {"THREADS": "2"})


def test_lines_are_read_with_filters(make: Callable[..., FakedConsole]) -> None:
    """Log lines are returned newest first, as JSON, with the filters of the request."""
    it = make(lines("<script>alert(1)</script>", "b"))
    answer = it.client.get("/api/logs?service=api&level=error&limit=5")
    assert answer.json["query"] == '{service_name="api", level=~"ERROR|CRITICAL|UNKNOWN"}'
    assert [line["message"] for line in answer.json["lines"]] == ["b", "<script>alert(1)</script>"]
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert it.transport.asked[0][2]["limit"] == 5


def test_an_alerts_own_query_takes_the_place_of_filters(make: Callable[..., FakedConsole]) -> None:
    """An alert's own query replaces the filters and is sent unchanged."""
    it = make(lines())
    found = it.client.get("/api/logs", query_string={"query": '{service_name=~"api|worker"}', "level": "ERROR"}).json
    assert found["query"] == '{service_name=~"api|worker"}'


@pytest.mark.parametrize("path", ["/api/logs", "/api/logs/tail"])
@pytest.mark.parametrize("query", ['service=a"', "level=a%20b", f"text={'x' * 201}", "id=%00", f"query={'x' * 2001}"])
def test_a_wrong_filter_is_refused(make: Callable[..., FakedConsole], path: str, query: str) -> None:
    """An invalid filter returns 400, and Loki is not queried."""
    it = make(lines())
    assert it.client.get(f"{path}?{query}").status_code == 400
    assert it.transport.asked == []


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "minutes=0", "minutes=1441", "minutes=x"])
def test_how_much_is_bounded(make: Callable[..., FakedConsole], query: str) -> None:
    """A request is limited to one day and 500 lines."""
    assert make(lines()).client.get(f"/api/logs?{query}").status_code == 400


def test_live_views_are_few_and_their_places_come_back(make: Callable[..., FakedConsole]) -> None:
    """With two threads one live view is possible; the next gets 503 until the first has ended."""
    it = make(lines("a"))
    first = it.client.get("/api/logs/tail", buffered=False)
    assert (first.status_code, first.mimetype) == (200, "text/event-stream")
    refused = it.client.get("/api/logs/tail")
    assert refused.status_code == 503
    assert "live view" in refused.json["detail"]
    assert it.client.get("/api/logs").status_code == 200
    first.close()
    second = it.client.get("/api/logs/tail", buffered=False)
    assert second.status_code == 200
    second.close()


def test_one_may_not_ask_without_end(make: Callable[..., FakedConsole]) -> None:
    """Too many requests return 429 with ``Retry-After``."""
    it = make(lines())
    answers = [it.client.get("/api/logs") for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert "Retry-After" in refused[0].headers


def test_a_place_is_given_back_once() -> None:
    """A place is released once, even if the server closes a stream that has already ended."""
    places = Places(1)
    places.occupy()
    held = Held(iter(["a"]), places)
    assert list(held) == ["a"]
    held.close()
    held.close()
    places.occupy()
