"""Lines are returned in time order, each once, from exactly the requested range; counting agrees with reading."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count

import pytest

from log_gateway.errors import LimitExceeded
from log_gateway.logql.ast import Grouping, LineFilter, LogQuery, Matcher, RangeAggregation, Selector
from log_gateway.store import reading
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.source import StoreSource
from tests.integration.log_gateway.victorialogs import Line, VictoriaLogs

_NUMBERS = count()
SECOND = 1_000_000_000
BY_SERVICE = Grouping(("service_name",))


@pytest.fixture
def service() -> str:
    """A service name that no other test uses."""
    return f"reading-{next(_NUMBERS)}"


@pytest.fixture
def base() -> int:
    """Return the start of a minute, an hour ago."""
    return (time.time_ns() // (60 * SECOND) - 60) * 60 * SECOND


@pytest.fixture
def source(victorialogs: VictoriaLogs) -> StoreSource:
    """Return the store as one query sees it."""
    return StoreSource(StoreClient(victorialogs.url), Deadline(60), 1_000_000)


def _query(service: str, *stages: LineFilter) -> LogQuery:
    return LogQuery(Selector((Matcher("service_name", "=", service),)), stages)


def _line(service: str, at: int, text: str = "line", **attributes: str) -> Line:
    return at, text, {"service.name": service, "level": "INFO"}, attributes


def _read(source: StoreSource, query: LogQuery, start: int, end: int, backward: bool = False) -> list[int]:
    return [entry.timestamp for entry in source.entries(query, start, end, "backward" if backward else "forward")]


@pytest.mark.parametrize("backward", [False, True])
def test_more_lines_than_one_part_holds(
    victorialogs: VictoriaLogs,
    source: StoreSource,
    service: str,
    base: int,
    backward: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parts neither overlap nor leave a gap, even if many lines have the same time."""
    monkeypatch.setattr(reading, "FIRST_ROWS", 50)
    monkeypatch.setattr(reading, "PART_ROWS", 100)
    times = [base + number * 1_000_007 for number in range(900)]
    times += [base + 400 * 1_000_007 + 1] * 300 + [base + 899 * 1_000_007] * 80
    victorialogs.insert(_line(service, at, number=str(number)) for number, at in enumerate(times))
    found = _read(source, _query(service), base, base + 60 * SECOND, backward)
    assert found == sorted(times, reverse=backward)


def test_borders(victorialogs: VictoriaLogs, source: StoreSource, service: str, base: int) -> None:
    """A range includes its start and excludes its end."""
    victorialogs.insert(_line(service, base + at) for at in (-1, 0, 1, 9, 10, 11))
    assert _read(source, _query(service), base, base + 10) == [base, base + 1, base + 9]
    assert _read(source, _query(service), base, base) == []


@pytest.mark.parametrize("backward", [False, True])
def test_a_range_of_all_times(
    victorialogs: VictoriaLogs,
    source: StoreSource,
    service: str,
    base: int,
    backward: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A range from before 1970 to the end of the 64-bit range is read in parts."""
    monkeypatch.setattr(reading, "FIRST_ROWS", 5)
    monkeypatch.setattr(reading, "PART_ROWS", 3)
    times = [base + number * SECOND for number in range(20)]
    victorialogs.insert(_line(service, at) for at in times)
    assert _read(source, _query(service), -(2**63) + 1, 2**63 - 1, backward) == sorted(times, reverse=backward)
    century = 100 * 365 * 24 * 3600 * SECOND
    leaf = RangeAggregation("count_over_time", _query(service), century, grouping=BY_SERVICE)
    assert source.aggregate(leaf, [base + 60 * SECOND]) is None  # the lines are read instead
    year = replace(leaf, range_ns=45 * 24 * 3600 * SECOND)
    assert source.aggregate(year, [base + 60 * SECOND]) == {(("service_name", service),): [20.0]}


def test_a_line_that_was_sent_twice_is_one(
    victorialogs: VictoriaLogs, source: StoreSource, service: str, base: int
) -> None:
    """A line that was sent twice is read and counted once; lines that differ in a field or time are distinct."""
    batch = [
        _line(service, base + 1, "a", id="1"),
        _line(service, base + 1, "a", id="2"),
        _line(service, base + 2, "a", id="2"),
    ]
    victorialogs.insert(batch)
    victorialogs.insert(batch)
    assert _read(source, _query(service), base, base + SECOND) == [base + 1, base + 1, base + 2]
    assert _count(source, _query(service), [base + SECOND], SECOND) == [3.0]
    # The store does not sum bytes in this case, so the lines must be read.
    leaf = _leaf("bytes_over_time", service)
    assert source.aggregate(leaf, [base + SECOND]) is None


def test_a_window_begins_after_its_border_and_ends_with_it(
    victorialogs: VictoriaLogs, source: StoreSource, service: str, base: int
) -> None:
    """A window is (t - range, t], to the nanosecond, even if the step does not divide the range."""
    minute = 60 * SECOND
    victorialogs.insert(_line(service, base + at) for at in (0, 1, minute - 1, minute, minute + 1, 7 * minute))
    assert _count(source, _query(service), [base + minute], minute) == [3.0]
    times = [base + 70 * SECOND * step for step in range(4)]
    # The windows end at 0, 70, 140 and 210 s; a line at 0 s, one just after it, three around 60 s.
    assert _count(source, _query(service), times, 2 * minute) == [1.0, 5.0, 3.0, None]
    assert _count(source, _query(service), [base], minute, offset=-minute) == [3.0]


def test_what_the_store_cannot_count_exactly_is_left_to_evaluation(
    victorialogs: VictoriaLogs, source: StoreSource, service: str, base: int
) -> None:
    """Grouping by an unknown label, and too many buckets, are left to evaluation."""
    leaf = _leaf("count_over_time", service)
    for grouping in (None, Grouping(("service_name",), without=True), Grouping(("__error__",))):
        assert source.aggregate(replace(leaf, grouping=grouping), [base]) is None
    assert source.aggregate(replace(leaf, range_ns=SECOND + 1), [base, base + SECOND]) is None
    assert source.aggregate(leaf, [base]) == {}


def test_too_many_lines(victorialogs: VictoriaLogs, service: str, base: int) -> None:
    """If a query reads too many lines, the error names the limit."""
    victorialogs.insert(_line(service, base + at, number=str(at)) for at in range(30))
    source = StoreSource(StoreClient(victorialogs.url), Deadline(60), 20)
    with pytest.raises(LimitExceeded, match="more than 20 lines"):
        list(source.entries(_query(service), base, base + SECOND, "forward"))


HOSTILE = [
    "",
    "a\nb",
    'quo"te',
    "back\\slash",
    "back`tick",
    "tab\t",
    "über 日本 🦊",
    "nul\x00",
    "a.b*c",
    "{x}",
    "\x1b[31mred\x1b[0m",
    "'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_found_as_it_is(
    victorialogs: VictoriaLogs, source: StoreSource, service: str, base: int, text: str
) -> None:
    """Any text in a line or attribute can be searched for and is returned unchanged."""
    victorialogs.insert(
        [_line(service, base, f"<{text}>", value=text or "-"), _line(service, base + 1, "other", value="other")]
    )
    stage = LineFilter("|=", (f"<{text}>",), (False,))
    found = list(source.entries(_query(service, stage), base, base + SECOND, "forward"))
    assert [(entry.line, entry.metadata["value"]) for entry in found] == [(f"<{text}>", text or "-")]


def test_names_of_attributes(victorialogs: VictoriaLogs, source: StoreSource, service: str, base: int) -> None:
    """Dots become underscores, as in Loki; values that the store's receiver fills in are not labels."""
    resource = {"service.name": service, "level": "INFO", "service.instance.id": "a-1"}
    victorialogs.insert([(base, "line", resource, {"http.route": "/x", "user-agent": "curl", "empty": ""})])
    (entry,) = source.entries(_query(service), base, base + 1, "forward")
    assert entry.stream == {"service_name": service, "level": "INFO"}
    assert entry.metadata == {"http_route": "/x", "user_agent": "curl", "service_instance_id": "a-1"}


def _leaf(function: str, service: str) -> RangeAggregation:
    return RangeAggregation(function, _query(service), SECOND, grouping=BY_SERVICE)


def _count(source: StoreSource, query: LogQuery, times: list[int], width: int, offset: int = 0) -> list[float | None]:
    leaf = RangeAggregation("count_over_time", query, width, offset, grouping=BY_SERVICE)
    found = source.aggregate(leaf, times)
    assert found is not None
    (values,) = found.values()
    return values
