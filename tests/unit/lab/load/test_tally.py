"""Counting requests and their durations."""

from __future__ import annotations

import json
import random

import pytest

from lab.load.tally import API, FRONT_DOOR, NO_ANSWER, Histogram, Outcome, Tally

FOUND = Outcome("GET", "/x", 200, API, True)
FAILED = Outcome("GET", "/x", 503, API, False)
SILENT = Outcome("GET", "/x", 0, NO_ANSWER, False)


def test_a_quantile_is_right_within_one_per_cent() -> None:
    """A quantile is within one per cent of the exact value, over five decades."""
    chance = random.Random(1)
    values = sorted(10 ** chance.uniform(-4, 1) for _ in range(10_000))
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    for q in (0.5, 0.95, 0.99, 0.999):
        assert histogram.quantile(q) == pytest.approx(values[round(q * len(values)) - 1], rel=0.011)


def test_nothing_has_no_quantile() -> None:
    """An empty histogram has no quantile, and in a histogram of one value every quantile is that value."""
    histogram = Histogram()
    assert histogram.quantile(0.5) is None
    histogram.add(0.25)
    assert histogram.quantile(0.5) == histogram.quantile(0.999) == pytest.approx(0.25, rel=0.011)


def test_errors_are_counted_by_who_answered() -> None:
    """Errors are counted by responder, and an expected response is not an error, whatever its status."""
    tally = Tally()
    for outcome in (FOUND, FOUND, FAILED, SILENT, SILENT, Outcome("GET", "/x", 404, API, True)):
        tally.add(outcome, 0.01)
    assert tally.count() == 6
    assert tally.errors == {(API, 503): 1, (NO_ANSWER, 0): 2}
    assert (tally.answered_by(API).total, tally.answered_by(FRONT_DOOR).total) == (4, 0)


def test_it_survives_the_way_between_processes() -> None:
    """A tally is the same after it was sent between processes, and tallies can be added up."""
    tally = Tally()
    tally.add(FOUND, 0.01)
    tally.add(FAILED, 0.5)
    back = Tally.from_json(json.loads(json.dumps(tally.as_json())))
    back.merge(tally)
    assert {outcome: histogram.total for outcome, histogram in back.outcomes.items()} == {FOUND: 2, FAILED: 2}
    assert back.durations.quantile(1.0) == tally.durations.quantile(1.0)
