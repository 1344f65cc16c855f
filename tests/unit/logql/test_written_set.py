"""The test lines and queries are consistent, and the comparison detects wrong answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.logql import lines
from tests.logql.answers import difference
from tests.logql.cases import Case, load
from tests.logql.runner import LogStore

BASE = lines.base_before(1_800_000_000 * lines.SECOND)


def test_there_are_enough() -> None:
    """The set has at least 500 queries and 75 lines, and queries of every kind."""
    assert len(load()) >= 500
    assert len(lines.load()) >= 75
    assert {case.kind for case in load()} == {"lines", "streams", "matrix", "vector", "scalar", "error"}


def test_names_are_unique() -> None:
    """Every query has a unique name, so that a failure identifies one query."""
    assert len({case.name for case in load()}) == len(load())


def test_the_base_is_a_whole_hour_in_the_past() -> None:
    """The base is aligned to seven hours and is between two and ten hours old."""
    now = 1_800_000_000 * lines.SECOND
    age = now - BASE
    assert BASE % (7 * 60 * lines.MINUTE) == 0
    assert 2 * 60 * lines.MINUTE <= age <= 10 * 60 * lines.MINUTE


@pytest.mark.parametrize("text", ["00:00", "25:00", "20:00.000000001", "30:00.000001", "70:00", "-7d", "+1d"])
def test_times_are_read_and_written_alike(text: str) -> None:
    """An offset is written in the format in which it is read, so that differences use the format of the files."""
    assert lines.written(lines.offset(text)) == text


def test_no_two_lines_differ_in_metadata_alone() -> None:
    """No two lines differ in their metadata alone, because Loki would keep only one of them."""
    known = [(tuple(line.stream.items()), line.after, line.text) for line in lines.load().values()]
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("case", [case for case in load() if case.kind in ("lines", "streams")], ids=lambda c: c.name)
def test_expected_lines_are_in_order(case: Case) -> None:
    """Expected lines are in time order and within the range and the limit, which finds mistakes in the files."""
    sign = -1 if case.backward else 1
    start, end = (
        lines.offset(case.given.get(name, default)) for name, default in (("start", "00:00"), ("end", "60:00"))
    )
    expected = [[line.after for line in part] for part, _ in case.entries()]
    for part in expected:
        assert part == sorted(part, key=lambda at: sign * at)
        assert all(start <= at < end for at in part)
    assert sum(map(len, expected)) <= case.given.get("limit", 1000)
    for name in {*case.given.get("add", {}), *case.given.get("less", {}), *case.given.get("text", {})}:
        assert name in case.given["lines"]


@pytest.mark.parametrize("case", [case for case in load() if case.kind == "matrix"], ids=lambda case: case.name)
def test_expected_points_are_on_the_grid(case: Case) -> None:
    """Each expected point is at start + n * step and not after the end."""
    start, end = lines.offset(case.given["start"]), lines.offset(case.given["end"])
    step = int(case.given["step"][:-1]) * {"s": lines.SECOND, "m": lines.MINUTE, "d": lines.DAY}[case.given["step"][-1]]
    for _, points in case.given["matrix"]:
        for at in map(lines.offset, points):
            assert start <= at <= end
            assert (at - start) % step == 0
    aligned = (BASE + start) % step == 0 and (end - start) % step == 0
    assert aligned or step >= 60 * lines.MINUTE or "not_on_loki" in case.given


# --- negative controls ---

STREAMS = Case(
    "a", "{}", "streams", {"streams": [[{"service_name": "tick", "level": "INFO"}, ["t1", "t2", "t4", "t5"]]]}
)
MATRIX = Case("b", "", "matrix", {"matrix": [[{"a": "b"}, {"20:00": 1, "25:00": 0.1}]]})
VECTOR = Case("c", "", "vector", {"at": "20:00", "vector": [[{"a": "b"}, 2], [{"a": "c"}, "NaN"]], "ordered": True})


def of_streams(*names: str, **more: str) -> dict[str, Any]:
    """Return a response with lines of the tick stream."""
    values = [[str(BASE + lines.load()[name].after), lines.load()[name].text] for name in names]
    return {
        "resultType": "streams",
        "result": [{"stream": {"service_name": "tick", "level": "INFO", **more}, "values": values}],
    }


def test_equal_lines_are_equal() -> None:
    """Lines with equal times may be returned in any order."""
    assert difference(STREAMS, of_streams("t1", "t2", "t4", "t5"), BASE) == ""
    assert difference(STREAMS, of_streams("t1", "t2", "t5", "t4"), BASE) == ""
    assert difference(STREAMS, of_streams("t1", "t2", "t5", "t4", __error_details__="words"), BASE) == ""


@pytest.mark.parametrize(
    "answer",
    [
        of_streams("t1", "t2", "t4"),
        of_streams("t1", "t2", "t4", "t5", "t5"),
        of_streams("t2", "t1", "t4", "t5"),
        of_streams("t5", "t4", "t2", "t1"),
        of_streams("t1", "t2", "t4", "t6"),
        of_streams("t1", "t2", "t4", "t5", probe="a"),
        of_streams("t1", "t2", "t4", "t5", probe=""),
        {"resultType": "streams", "result": []},
        {"resultType": "matrix", "result": []},
    ],
)
def test_other_lines_are_found_out(answer: dict[str, Any]) -> None:
    """A missing, duplicated, misplaced or different line is detected, as are an extra or empty label and no lines."""
    assert difference(STREAMS, answer, BASE) != ""


def test_a_stream_that_comes_twice_is_found_out() -> None:
    """A stream that is returned twice is detected, because one set of labels is one stream."""
    answer = of_streams("t1", "t2")
    answer["result"] *= 2
    with pytest.raises(AssertionError, match="two streams"):
        difference(STREAMS, answer, BASE)


def of_matrix(*points: tuple[str, str]) -> dict[str, Any]:
    """Return a response with one series."""
    values = [[(BASE + lines.offset(at)) / 1e9, value] for at, value in points]
    return {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": values}]}


def test_values_may_differ_by_a_billionth() -> None:
    """Values may differ by a billionth, because sums of floats depend on their order."""
    assert difference(MATRIX, of_matrix(("20:00", "1"), ("25:00", "0.10000000000000001")), BASE) == ""
    assert difference(MATRIX, of_matrix(("20:00", "1"), ("25:00", "0.100001")), BASE) != ""
    assert difference(MATRIX, of_matrix(("20:00", "1")), BASE) != ""
    assert difference(MATRIX, of_matrix(("20:00", "1"), ("25:00", "0.1"), ("30:00", "0")), BASE) != ""
    assert difference(MATRIX, of_matrix(("20:00", "1"), ("25:01", "0.1")), BASE) != ""


def test_vectors_are_compared() -> None:
    """Vectors are compared by value, time and, if required, order; NaN equals NaN."""
    at = (BASE + lines.offset("20:00")) / 1e9
    samples = [{"metric": {"a": "b"}, "value": [at, "2"]}, {"metric": {"a": "c"}, "value": [at, "NaN"]}]
    right = {"resultType": "vector", "result": samples}
    assert difference(VECTOR, right, BASE) == ""
    assert difference(VECTOR, {**right, "result": samples[::-1]}, BASE) != ""
    assert difference(VECTOR, {**right, "result": samples[:1]}, BASE) != ""
    late = copy.deepcopy(right)
    late["result"][0]["value"][0] += 1
    assert difference(VECTOR, late, BASE) != ""


class Answering:
    """A server that always returns the same response."""

    def __init__(self, status: int, said: str) -> None:
        self._said = status, said

    def get(self, path: str, query: object, headers: dict[str, str]) -> tuple[int, str]:
        return self._said

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        return self._said


@pytest.mark.parametrize(
    ("status", "said", "right"),
    [
        (400, "parse error at line 1, col 4: gives the reason", True),
        (400, "position 3: gives the reason", True),
        (400, "gives the reason", False),
        (400, "parse error at line 1, col 4", False),
        (400, "", False),
        (500, "parse error at line 1, col 4: gives the reason", False),
        (200, '{"data": {"resultType": "streams", "result": []}}', False),
    ],
)
def test_refusals_are_judged(status: int, said: str, right: bool) -> None:
    """An error response is judged by its status, its reason and the position in the query."""
    case = Case("d", "{", "error", {"error": {"status": 400, "syntax": True, "says": "gives the reason"}})
    store = LogStore(Answering(status, said), alone=True, loki=False, base=BASE)
    assert (store.judge(case) == "") is right


def test_streams_that_differ_in_unstated_labels_are_one() -> None:
    """Streams that differ only in labels that the query does not state are merged in time order."""
    answer = of_streams("t1", "t4", __error_details__="a")
    answer["result"] += of_streams("t2", "t5", __error_details__="b")["result"]
    assert difference(STREAMS, answer, BASE) == ""
