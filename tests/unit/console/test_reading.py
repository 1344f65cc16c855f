"""Rate limits, remembered responses, parallel queries, and validated arguments."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable, TooManyRequests, UnsupportedMediaType

from console.reading.memo import MAX_KEYS, Memo
from console.reading.together import Together
from console.servers.errors import Unreachable
from console.web.arguments import json_object, short_text, word
from console.web.limits import Places, RateLimit
from tests.waiting import wait_until


def test_a_burst_is_allowed_and_then_the_rate_counts() -> None:
    """A burst is allowed, then the rate counts, and a refusal contains the time to wait.

    The bucket never holds more than one burst.
    """
    times = [0.0]
    limit = RateLimit(per_second=2, burst=3, clock=lambda: times[0])
    limit.spend(3)
    with pytest.raises(TooManyRequests) as refused:
        limit.spend(3)
    assert refused.value.retry_after == 2
    times[0] = 1.0
    limit.spend(2)
    times[0] = 1_000.0
    limit.spend(3)
    with pytest.raises(TooManyRequests):
        limit.spend()


def test_places_are_given_back() -> None:
    """A place is returned even if its holder failed, and there are never more places than at the start."""
    places = Places(1)
    with pytest.raises(KeyError), places.one():
        raise KeyError
    with places.one(), pytest.raises(ServiceUnavailable):
        places.occupy()
    places.occupy()
    places.leave()
    with pytest.raises(ValueError, match="released too many"):
        places.leave()


def test_an_answer_is_remembered_for_its_time() -> None:
    """A response is remembered for its time, separately for each key, and all are forgotten after a change."""
    times, answers = [0.0], iter(range(1, 10))
    memo = Memo(2.0, lambda: times[0])

    def ask(key: str) -> int:
        return memo.get(key, lambda: next(answers))

    assert [ask("a"), ask("a"), ask("b")] == [1, 1, 2]
    times[0] = 2.5
    assert ask("a") == 3
    memo.forget()
    assert ask("a") == 4


def test_a_failure_is_not_remembered() -> None:
    """A failure is not remembered, so that the next request queries again."""
    memo = Memo(60.0)
    with pytest.raises(Unreachable):
        memo.get("a", lambda: (_ for _ in ()).throw(Unreachable("Log store", "http://x", "refused")))
    assert memo.get("a", lambda: 1) == 1


def test_those_who_ask_the_same_at_once_cost_one_question() -> None:
    """Equal requests at the same time send one query and share its response."""
    memo, entered, go, asked = Memo(60.0), threading.Event(), threading.Event(), []

    def slow() -> str:
        asked.append(1)
        entered.set()
        assert go.wait(10)
        return "answer"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(memo.get, "a", slow)
        assert entered.wait(10)
        others = [pool.submit(memo.get, "a", slow) for _ in range(3)]
        go.set()
        assert {one.result(10) for one in (first, *others)} == {"answer"}
    assert asked == [1]


def test_those_who_ask_the_same_at_once_share_a_failure() -> None:
    """Equal requests at the same time share one failed query, so that they do not fail one after another."""
    memo, entered, go, asked = Memo(60.0), threading.Event(), threading.Event(), []

    def fail() -> None:
        asked.append(1)
        entered.set()
        assert go.wait(10)
        raise Unreachable("Log store", "http://x", "refused")

    with ThreadPoolExecutor(16) as pool:
        viewers = [pool.submit(memo.get, "a", fail)]
        assert entered.wait(10)
        viewers += [pool.submit(memo.get, "a", fail) for _ in range(15)]
        waiters = next(iter(memo._flights._flights.values())).outcome._condition._waiters  # type: ignore[attr-defined]
        wait_until("the others to wait for the first", lambda: len(waiters) == 15)
        go.set()
        assert {type(viewer.exception(10)) for viewer in viewers} == {Unreachable}
    assert asked == [1]
    assert memo.get("a", lambda: "up again") == "up again"


def test_an_answer_from_before_a_change_is_not_given_after_it() -> None:
    """After a change the old response is neither returned nor remembered, even if its query is still running."""
    memo, entered, go = Memo(60.0), threading.Event(), threading.Event()

    def before() -> str:
        entered.set()
        assert go.wait(10)
        return "before"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(memo.get, "a", before)
        assert entered.wait(10)
        memo.forget()
        assert memo.get("a", lambda: "after") == "after"
        go.set()
        assert first.result(10) == "before"
    assert memo.get("a", lambda: "queried again") == "after"


def test_the_memory_is_bounded() -> None:
    """The number of remembered responses is bounded, whatever is requested."""
    memo = Memo(60.0)
    for key in range(MAX_KEYS * 3):
        memo.get(key, lambda: 0)
    assert len(memo._known) <= MAX_KEYS + 1


def test_each_question_has_its_own_failure() -> None:
    """A query that fails returns None, with one note per server.

    A defect of the console itself is raised.
    """

    def down() -> None:
        raise Unreachable("Log store", "http://x", "connection refused")

    answers, notes = Together(2).ask({"a": lambda: 1, "b": down, "c": down})
    assert answers == {"a": 1, "b": None, "c": None}
    assert len(notes) == 1
    assert notes[0].startswith("Log store does not respond")
    with pytest.raises(ZeroDivisionError):
        Together(2).ask({"a": lambda: 1 // 0})


def within(query: str, ask: Callable[[], object], **more: object) -> object:
    with Flask("x").test_request_context(f"/?{query}", **more):
        return ask()


WORDS = [("", ""), ("id=req-1", "req-1"), ("id=%20api%20", "api"), ("id=/orders/<order_id>", "/orders/<order_id>")]


@pytest.mark.parametrize(("query", "value"), WORDS)
def test_a_word_is_taken(query: str, value: str) -> None:
    """Names, IDs and routes are accepted as words."""
    assert within(query, lambda: word("id")) == value


@pytest.mark.parametrize("value", ["a b", 'a"', "a}", "a|b", "a%0Ab", "%00", "x" * 129, "ö", "a`"])
def test_a_text_that_is_not_a_word_is_refused(value: str) -> None:
    """A text that is not a word is refused with the name of the parameter."""
    with pytest.raises(BadRequest, match="id may have"):
        within(f"id={value}", lambda: word("id"))


@pytest.mark.parametrize("value", ["x" * 201, "a%0Ab", "a%00"])
def test_a_long_text_is_refused(value: str) -> None:
    """A text that is too long or has several lines is refused; any other text is accepted."""
    with pytest.raises(BadRequest, match="text may have"):
        within(f"text={value}", lambda: short_text("text"))
    assert within("text=a%22%7D%20b", lambda: short_text("text")) == 'a"} b'


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        ("{}", "text/plain", UnsupportedMediaType),
        ("{}", "application/x-www-form-urlencoded", UnsupportedMediaType),
        ("[]", "application/json", BadRequest),
        ("{", "application/json", BadRequest),
        ("null", "application/json", BadRequest),
    ],
)
def test_a_body_must_be_a_json_object(body: str, kind: str, error: type[HTTPException]) -> None:
    """A body must be a JSON object, with a media type that a form of another page cannot send."""
    with pytest.raises(error):
        within("", json_object, method="POST", data=body, content_type=kind)
