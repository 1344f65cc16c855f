"""Conformance tests of Loki's API. A test module imports these tests and provides the fixture `log_store`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.logql import lines
from tests.logql.cases import Case, load
from tests.logql.runner import LogStore

OURS = set(lines.services())
HOUR = ("00:00", "60:00")


@pytest.mark.parametrize("case", load(), ids=lambda case: case.name)
def test_query(log_store: LogStore, case: Case) -> None:
    """The response to a query over the test lines is the one derived by hand."""
    if log_store.loki and "not_on_loki" in case.given:
        pytest.skip(case.given["not_on_loki"])
    wrong = log_store.judge(case)
    reason = f"\nbecause: {case.given['why']}" if "why" in case.given else ""
    assert not wrong, f"\n{case.query}\n{wrong}{reason}"


def span(log_store: LogStore, start: str = HOUR[0], end: str = HOUR[1]) -> dict[str, str]:
    """Return the parameters of a time range."""
    return {"start": log_store.at(start), "end": log_store.at(end)}


def agree(log_store: LogStore, found: set[str], expected: set[str]) -> None:
    """Check the names or values. A store that contains other lines may return more."""
    assert found == expected if log_store.alone else found >= expected


def test_names_of_labels(log_store: LogStore) -> None:
    """The names of index labels are listed without metadata."""
    found = set(log_store.data("/labels", **span(log_store)))
    agree(log_store, found, {"service_name", "level"})
    assert not found & {"request_id", "status", "http_route"}


def test_values_of_labels(log_store: LogStore) -> None:
    """All values of a label in streams are listed."""
    agree(log_store, set(log_store.data("/label/service_name/values", **span(log_store))), OURS)
    levels = {line.stream["level"] for line in lines.load().values() if "level" in line.stream}
    assert len(levels) == 7
    agree(log_store, set(log_store.data("/label/level/values", **span(log_store))), levels)


@pytest.mark.parametrize(
    ("query", "levels"),
    [
        ('{service_name="shop"}', ["ERROR", "INFO", "WARNING"]),
        ('{service_name="pay"}', ["ERROR", "INFO"]),
        ('{service_name="quirk"}', []),
        ('{service_name="odd", level!="INFO|ERROR"}', ['a"b\\c, d="e"}', "x`y\nz ☃"]),
        ('{service_name=~"meter|edge"}', ["DEBUG", "INFO"]),
    ],
)
def test_values_of_a_label_of_some_streams(log_store: LogStore, query: str, levels: list[str]) -> None:
    """A selector restricts the listed values, which are sorted."""
    assert (log_store.data("/label/level/values", query=query, **span(log_store)) or []) == levels


def test_a_label_that_no_stream_has(log_store: LogStore) -> None:
    """A label that no stream has, or that is metadata, has no values."""
    for name in ("nosuch", "request_id"):
        assert not log_store.data(f"/label/{name}/values", **span(log_store))


def test_series(log_store: LogStore) -> None:
    """The streams of one or several selectors are listed."""
    streams = {
        (stream["service_name"], stream.get("level", "")) for stream in series(log_store, '{service_name="shop"}')
    }
    assert streams == {("shop", "INFO"), ("shop", "WARNING"), ("shop", "ERROR")}
    both = series(log_store, '{service_name="quirk"}', '{service_name=~"me.+", level!="INFO"}')
    assert sorted(both, key=len) == [{"service_name": "quirk"}, {"service_name": "meter", "level": "DEBUG"}]
    assert series(log_store, '{service_name="nowhere"}') == []


def series(log_store: LogStore, *selectors: str) -> list[dict[str, str]]:
    """Return the response of `series`."""
    status, said = log_store.get(
        "/series", [*(("match[]", one) for one in selectors), *span(log_store).items()]
    )  # fmt: skip
    assert status == 200, said
    return list(json.loads(said)["data"] or [])


def test_volume(log_store: LogStore) -> None:
    """The volume is in bytes per service. Stores count bytes differently, but more lines give more bytes."""
    data = log_store.data("/index/volume", query='{service_name=~"shop|meter"}', **span(log_store))
    assert data["resultType"] == "vector"
    volumes = {tuple(one["metric"].items()): int(one["value"][1]) for one in data["result"]}
    assert set(volumes) == {(("service_name", "shop"),), (("service_name", "meter"),)}
    assert min(volumes.values()) > 0


def test_metadata_apart_from_labels(log_store: LogStore) -> None:
    """With Grafana's flag, streams have only index labels, and metadata and parsed labels are attached to each line."""
    data = categorized(log_store, '{service_name="shop", level="WARNING"} | status="429"')
    (stream,) = data["result"]
    assert stream["stream"] == {"service_name": "shop", "level": "WARNING"}
    (value,) = stream["values"]
    line = lines.load()["s7"]
    assert value[:2] == [log_store.at("04:00"), line.text]
    metadata = {name: text for name, text in line.labels.items() if name not in line.stream}
    assert value[2] == {"structuredMetadata": metadata}


def test_parsed_labels_apart_from_metadata(log_store: LogStore) -> None:
    """Parsed labels are returned separately from metadata."""
    (stream,) = categorized(log_store, '{service_name="ship"} | logfmt | event="packed"')["result"]
    assert stream["stream"] == {"service_name": "ship", "level": "INFO"}
    assert stream["values"][0][2] == {
        "parsed": {"event": "packed", "parcel": "17", "weight": "1.5kg", "cost": "4.20", "took": "350ms"}
    }


def test_streams_of_metadata_apart(log_store: LogStore) -> None:
    """Lines of one stream remain one stream regardless of their metadata."""
    data = categorized(log_store, '{service_name="shop", level="INFO"}')
    assert [len(stream["values"]) for stream in data["result"]] == [6]


def categorized(log_store: LogStore, query: str) -> Any:
    """Return the response to a request with Grafana's flag."""
    asked = {"query": query, "direction": "forward", **span(log_store)}
    header = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    status, said = log_store.get("/query_range", [*asked.items()], **header)
    assert status == 200, said
    data = json.loads(said)["data"]
    assert data["encodingFlags"] == ["categorize-labels"]
    return data


def test_forms_of_times(log_store: LogStore) -> None:
    """Nanoseconds, seconds with a fraction, and RFC 3339 with nanoseconds are parsed to the same time."""
    query = '{service_name="tick"}'
    start, end = log_store.base + lines.offset("20:00"), log_store.base + lines.offset("25:00")
    forms = [(str(start), str(end)), (f"{start / 1e9:.3f}", f"{end / 1e9:.3f}"), (rfc3339(start), rfc3339(end))]
    for first, last in forms:
        result = log_store.data("/query_range", query=query, start=first, end=last, direction="forward")["result"]
        assert [len(stream["values"]) for stream in result] == [3], (first, last)
    after = f"{rfc3339(start)[:-1]}.000000001Z"
    result = log_store.data("/query_range", query=query, start=after, end=str(end), direction="forward")["result"]
    assert [len(stream["values"]) for stream in result] == [2]


def rfc3339(at: int) -> str:
    """Whole seconds."""
    return datetime.fromtimestamp(at // lines.SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("step", ["300", "300.0", "5m", "300s"])
def test_forms_of_steps(log_store: LogStore, step: str) -> None:
    """A step may be in seconds or a duration."""
    query = 'count_over_time({service_name="tick"}[5m])'
    (found,) = log_store.data("/query_range", query=query, step=step, **span(log_store, "20:00", "30:00"))["result"]
    assert [value for _, value in found["values"]] == ["1", "5", "2"]


def test_the_newest_lines_come_first_unless_asked(log_store: LogStore) -> None:
    """The default direction is backward, and the default limit is 100."""
    (stream,) = log_store.data("/query_range", query='{service_name="tick"}', **span(log_store))["result"]
    times = [int(value[0]) for value in stream["values"]]
    assert len(times) == 9
    assert times == sorted(times, reverse=True)


def test_queries_by_post(log_store: LogStore) -> None:
    """Queries are accepted as a form, which clients use for long queries."""
    asked = f"query=%7Bservice_name%3D%22tick%22%7D&start={log_store.at('20:00')}&end={log_store.at('25:00')}"
    status, said = log_store.http.post(
        "/loki/api/v1/query_range", asked.encode(), "application/x-www-form-urlencoded"
    )  # fmt: skip
    assert status == 200, said
    assert [len(stream["values"]) for stream in json.loads(said)["data"]["result"]] == [3]


def test_ready_and_build_information(log_store: LogStore) -> None:
    """`ready` and the build information, which Grafana and `stack` request first, are served."""
    assert log_store.http.get("/ready", [], {})[0] == 200
    status, said = log_store.get("/status/buildinfo", [])
    assert status == 200, said
    assert json.loads(said)["version"]
