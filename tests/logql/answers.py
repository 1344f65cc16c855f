"""Convert responses of Loki's API to the form of the expected results and compare them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from heapq import merge
from typing import Any

from tests.logql.cases import Case, Labels, Streams, key
from tests.logql.lines import offset, written

TOLERANCE = 1e-9
UNSTATED = {"__error_details__"}
"""Labels whose text is not documented."""
MILLISECOND = 10**6

Points = dict[int, float]
"""The value by milliseconds after the base."""


def difference(case: Case, data: Mapping[str, Any], base: int) -> str:
    """Return the differences between the response and the expected result, or an empty list.

    ``data`` is the response's member of that name. ``base`` is in nanoseconds since the epoch.
    """
    match case.kind:
        case "lines" | "streams":
            return of_type(data, "streams") or differing(
                case.streams(), streams(data, base, case.backward), shown_lines(case.backward)
            )
        case "matrix":
            return of_type(data, "matrix") or of_series(expected_matrix(case), matrix(data, base))
        case "vector":
            expected = {
                key(labels): {offset(case.given["at"]) // MILLISECOND: float(v)} for labels, v in case.given["vector"]
            }
            found = vector(data, base)
            wrong = of_type(data, "vector") or of_series(expected, found)
            if not wrong and case.given.get("ordered") and list(found) != list(expected):
                wrong = f"the order is {[dict(labels) for labels in found]}"
            return wrong
    at, value = data["result"]
    expected_at = offset(case.given["at"]) // MILLISECOND
    return of_type(data, "scalar") or of_series({(): {expected_at: case.given["scalar"]}}, {(): point(at, value, base)})


def of_type(data: Mapping[str, Any], wanted: str) -> str:
    """Return an error if the result has another type."""
    return "" if data["resultType"] == wanted else f"the result is {data['resultType']}, not {wanted}"


def streams(data: Mapping[str, Any], base: int, backward: bool = False) -> Streams:
    """Return a response's lines. Label sets must be unique; streams that differ only in unstated labels are merged."""
    seen: set[Labels] = set()
    found: Streams = {}
    for stream in data["result"]:
        assert key(stream["stream"]) not in seen, f"two streams have the labels {stream['stream']}"
        seen.add(key(stream["stream"]))
        labels = key({name: value for name, value in stream["stream"].items() if name not in UNSTATED})
        entries = [(int(value[0]) - base, value[1]) for value in stream["values"]]
        if labels in found:
            found[labels] = [*merge(found[labels], entries, key=lambda entry: entry[0], reverse=backward)]
        else:
            found[labels] = entries
    return found


def expected_matrix(case: Case) -> dict[Labels, Points]:
    """Format the value as in the files."""
    return {
        key(labels): {offset(at) // MILLISECOND: float(value) for at, value in points.items()}
        for labels, points in case.given["matrix"]
    }


def matrix(data: Mapping[str, Any], base: int) -> dict[Labels, Points]:
    """Return the points of each series."""
    found: dict[Labels, Points] = {}
    for series in data["result"]:
        assert key(series["metric"]) not in found, f"two series have the labels {series['metric']}"
        found[key(series["metric"])] = {at: v for pair in series["values"] for at, v in point(*pair, base).items()}
    return found


def vector(data: Mapping[str, Any], base: int) -> dict[Labels, Points]:
    """Return the sample of each series."""
    found = {key(series["metric"]): point(*series["value"], base) for series in data["result"]}
    assert len(found) == len(data["result"]), f"two samples have the same labels: {data['result']}"
    return found


def point(at: float, value: str, base: int) -> Points:
    """Format a single value."""
    return {round(at * 1000) - base // MILLISECOND: float(value)}


def of_series(expected: dict[Labels, Points], found: dict[Labels, Points]) -> str:
    """Compare values with a tolerance of one billionth."""
    for labels in expected.keys() & found.keys():
        for at in expected[labels].keys() & found[labels].keys():
            if close(expected[labels][at], found[labels][at]):
                found[labels][at] = expected[labels][at]
    return differing(expected, found, shown_points)


def close(one: float, other: float) -> bool:
    """Compare two numbers. NaN equals NaN here."""
    return math.isclose(one, other, rel_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))


def differing(expected: Mapping[Labels, Any], found: Mapping[Labels, Any], show: Callable[[Any], list[str]]) -> str:
    """Return both sides line by line if they differ."""
    report: list[str] = []
    for labels in sorted({*expected, *found}):
        wanted, got = (show(side[labels]) if labels in side else ["nothing"] for side in (expected, found))
        if wanted != got:
            report += [f"labels {dict(labels)}", *indented("expected", wanted), *indented("got     ", got)]
    return "\n".join(report)


def indented(title: str, shown: Iterable[str]) -> list[str]:
    """Return the value in readable form."""
    return [f"  {title} {line}" for line in shown]


def shown_points(points: Points) -> list[str]:
    """Return one line of text."""
    return [", ".join(f"{written(at * MILLISECOND)} = {value!r}" for at, value in points.items())]


def shown_lines(backward: bool) -> Callable[[list[tuple[int, str]]], list[str]]:
    """Sort lines with equal times by their text, because their order is undefined."""

    def show(entries: list[tuple[int, str]]) -> list[str]:
        sign = -1 if backward else 1
        in_order = [entry[0] * sign for entry in entries]
        ordered = (
            sorted(entries, key=lambda entry: (entry[0] * sign, entry[1])) if in_order == sorted(in_order) else entries
        )
        return [f"{written(at)} {text!r}" for at, text in ordered]

    return show
