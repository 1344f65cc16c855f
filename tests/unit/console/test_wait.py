"""Waiting, with a clock of the test."""

from __future__ import annotations

from console.follow.wait import EVERY_SECONDS, Waiter


class FakeTime:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds


def waiter(said: list[str]) -> tuple[Waiter, FakeTime]:
    """Return a waiter that appends its messages to a list."""
    time = FakeTime()
    return Waiter(said.append, lambda: time.now, time.sleep), time


def test_an_answer_that_is_enough_is_not_waited_for() -> None:
    """A sufficient response is returned at once, without a message and without waiting."""
    said: list[str] = []
    waiting, time = waiter(said)
    waiting.begin(30)
    assert waiting.until(lambda _: "waiting", lambda: 1, bool) == 1
    assert (said, time.now) == ([], 100.0)


def test_what_is_waited_for_is_said_once_per_change() -> None:
    """A message follows each change of the response, and the same message is not repeated."""
    said: list[str] = []
    waiting, _ = waiter(said)
    waiting.begin(30)
    answers = iter([0, 0, 1, 3])
    assert waiting.until(lambda answer: f"{answer} of 3", lambda: next(answers), lambda answer: answer == 3) == 3
    assert said == ["0 of 3", "1 of 3"]


def test_the_time_is_one_budget_for_all_waits() -> None:
    """All waits share one time budget: a second wait has the rest of it, but queries at least once."""
    waiting, time = waiter([])
    waiting.begin(10)
    assert waiting.until(lambda _: "a", lambda: "not enough", lambda _: False) == "not enough"
    assert 110 <= time.now <= 110 + EVERY_SECONDS
    spent = time.now
    assert waiting.until(lambda _: "b", lambda: "asked", lambda _: False) == "asked"
    assert time.now == spent


def test_a_wait_may_be_shorter_than_the_budget() -> None:
    """A wait may be shorter than the budget, for a response that may never arrive."""
    waiting, time = waiter([])
    waiting.begin(30)
    waiting.until(lambda _: "a", lambda: 0, bool, at_most=2)
    assert 102 <= time.now <= 102 + EVERY_SECONDS
