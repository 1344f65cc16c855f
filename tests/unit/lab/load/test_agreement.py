"""Agreement between the counts of the load generator and of Prometheus."""

from __future__ import annotations

from lab.load.tally import API, FRONT_DOOR, NO_ANSWER, Histogram, Outcome, Tally
from lab.load.verify.agreement import compare
from lab.load.verify.counters import Increase, Reading, Series

INF = float("inf")
LIST = Series("GET", "/list", 200)


def sent(**by_whom: int) -> Tally:
    """Return requests of 8 ms to the list, with these numbers by responder."""
    tally = Tally()
    for by, count in by_whom.items():
        status = {API: 200, FRONT_DOOR: 502, NO_ANSWER: 0}[by]
        for _ in range(count):
            tally.add(Outcome("GET", "/list", status, by, by == API), 0.008)
    return tally


def counted(count: int, **more: int) -> Increase:
    """Return an increase with this count, all between 5 and 10 ms."""
    return Increase({LIST: count}, {0.005: 0, 0.01: count, 0.025: count, 0.05: count, INF: count}, **more)  # type: ignore[arg-type]


def test_equal_counts_agree() -> None:
    """Equal counts agree, and so does a quantile in the same bucket."""
    agreement = compare(sent(API=100), counted(100), Histogram())
    assert (agreement.sent, agreement.counted, agreement.counts) == (100, 100, ())
    assert [one.agrees for one in agreement.quantiles] == [True, None, None, None]


def test_one_request_too_many_is_reported() -> None:
    """An additional request, which another client sent, is reported."""
    agreement = compare(sent(API=100), counted(101), Histogram())
    assert len(agreement.counts) == 1
    assert agreement.counts[0].startswith(
        "GET /list 200: the API responded to 100 of our requests, Prometheus counted 101: 1 are"
    )


def test_one_request_too_few_is_reported() -> None:
    """A missing request, whose count was lost, is reported."""
    agreement = compare(sent(API=100), counted(99), Histogram())
    assert agreement.counts == (
        "GET /list 200: the API responded to 100 requests, Prometheus counted 99: 1 are missing.",
    )


def test_a_replica_that_restarted_is_named() -> None:
    """A replica that restarted is reported as the reason for a difference."""
    increase = Increase({LIST: 60}, counted(60).buckets, ("api-1",))
    assert compare(sent(API=100), increase, Histogram()).counts[-1].startswith("api-1 restarted during the run")


def test_what_the_front_door_answers_is_not_expected_in_the_api() -> None:
    """A request that NGINX answered itself is not expected in the API's counts."""
    tally = sent(API=100)
    tally.add(Outcome("GET", "/list", 429, FRONT_DOOR, False), 0.001)
    assert compare(tally, counted(100), Histogram()).counts == ()
    assert compare(tally, counted(101), Histogram()).counts != ()


def test_what_the_front_door_gave_up_may_have_been_counted_or_not() -> None:
    """A request that NGINX gave up on after passing it on, with 502 or 504, may be counted or not."""
    for count in (100, 107):
        assert compare(sent(API=100, NGINX=7), counted(count), Histogram()).counts == ()
    assert compare(sent(API=100, NGINX=7), counted(108), Histogram()).counts != ()


def test_what_was_passed_to_a_second_replica_may_have_been_counted_twice() -> None:
    """A request that was passed to a second replica may be counted twice, and no more often."""
    passed_on = {("GET", "/list"): 2}
    assert compare(sent(API=100), counted(102), Histogram(), passed_on).counts == ()
    assert compare(sent(API=100), counted(103), Histogram(), passed_on).counts != ()


def test_unanswered_requests_may_have_been_counted_or_not() -> None:
    """Unanswered requests may be counted or not, up to their number."""
    for count in (100, 101, 103):
        assert compare(sent(**{API: 100, NO_ANSWER: 3}), counted(count), Histogram()).counts == ()
    assert compare(sent(**{API: 100, NO_ANSWER: 3}), counted(104), Histogram()).counts != ()


def test_another_status_is_a_difference() -> None:
    """Another status is a difference, even if the sums are equal."""
    increase = Increase({LIST: 99, Series("GET", "/list", 500): 1}, counted(100).buckets)
    assert len(compare(sent(API=100), increase, Histogram()).counts) == 2


def test_a_quantile_agrees_within_one_bucket() -> None:
    """A quantile agrees if it is at most one bucket away, or if the generator was late by the difference."""
    for seconds, agrees in ((0.008, True), (0.02, True), (0.03, False)):
        tally = Tally()
        for _ in range(100):
            tally.add(Outcome("GET", "/list", 200, API, True), seconds)
        assert compare(tally, counted(100), Histogram()).quantiles[0].agrees is agrees
    late = Histogram()
    late.add(0.02)
    agreement = compare(tally, counted(100), late)
    assert agreement.quantiles[0].agrees is True
    assert agreement.differing == ()


def test_a_quantile_that_differs_says_where_the_time_may_be() -> None:
    """A quantile that differs is reported in a sentence with both values."""
    tally = Tally()
    for _ in range(100):
        tally.add(Outcome("GET", "/list", 200, API, True), 2.0)
    (sentence,) = compare(tally, counted(100), Histogram()).differing
    assert sentence.startswith("p50: measured here 2.0")
    assert "between 5 ms and 10 ms" in sentence


def test_an_increase_is_of_each_replica() -> None:
    """An increase is calculated for each replica, and a restarted counter is recorded.

    Series without an increase are left out.
    """
    other = Series("GET", "/other", 200)
    before = Reading({("api-1", LIST): 5, ("api-2", LIST): 7, ("api-1", other): 3}, {("api-1", INF): 5}, {"api-1": 1.0})
    after = Reading({("api-1", LIST): 9, ("api-2", LIST): 7, ("api-1", other): 3}, {("api-1", INF): 9}, {"api-1": 2.0})
    increase = after.since(before)
    assert (increase.counts, increase.buckets, increase.restarted) == ({LIST: 4}, {INF: 4}, ("api-1",))


def test_a_quantile_is_interpolated_as_prometheus_does() -> None:
    """A quantile is interpolated within its bucket, as in Prometheus."""
    increase = Increase({LIST: 10}, {0.1: 0, 0.2: 10, INF: 10})
    assert increase.bucket(0.5) == (0.1, 0.2)
    assert round(increase.quantile(0.5) or 0, 6) == 0.15
    assert Increase({}, {}).quantile(0.5) is None
