"""``make bench-scaling``: its calculations and its chart."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from lab.bench.scaling import measure, picture
from lab.bench.scaling.measure import Curve, bent_first, measured

FLAT = Curve("orders", "find", ((1_000, 0.001), (1_000_000, 0.001_1)))
BENT = Curve("orders", "search", ((1_000, 0.002), (1_000_000, 2.0)))


def test_what_bends_first_has_grown_most() -> None:
    """The curve that bends first is the one with the highest growth, wherever it starts."""
    assert bent_first([FLAT, BENT]) is BENT
    assert BENT.growth == pytest.approx(1000)


def test_sizes_take_turns_and_what_is_slow_is_asked_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are measured in turn.

    A slow operation is measured at least three times, a fast one in every round.
    """
    monkeypatch.setattr(measure, "_time", lambda work, _: work())
    asked: list[int] = []

    def costing(size: int, seconds: float) -> float:
        asked.append(size)
        return seconds

    works = {10: {"look": lambda: costing(10, 0.01)}, 100: {"look": lambda: costing(100, 10.0)}}
    (curve,) = measured("things", works)
    assert curve == Curve("things", "look", ((10, 0.01), (100, 10.0)))
    first_look = len(works)
    assert asked[first_look:][:6] == [10, 100] * 3
    assert (asked[first_look:].count(10), asked[first_look:].count(100)) == (measure.ROUNDS, measure.FEWEST)


def test_the_picture_has_every_curve_and_is_whole() -> None:
    """The chart is well-formed XML and has a line for each operation, labelled with its last cost."""
    drawn = ElementTree.fromstring(picture.svg([FLAT, BENT], "a < b"))
    lines = drawn.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2
    assert "search (2 s)" in "".join(drawn.itertext())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.0, "2 s"), (0.0123, "12.3 ms"), (0.00099962, "1 ms"), (4.2e-5, "42 µs"), (3e-7, "300 ns")],
)
def test_durations_are_read_by_people(seconds: float, text: str) -> None:
    """A duration is printed in the unit that needs no leading zeros."""
    assert picture.duration(seconds) == text
