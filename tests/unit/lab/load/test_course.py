"""The first limit that a stress run reaches, and the report of a run."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from lab.charts.lines import Line, chart
from lab.load.profiles.reading import chosen, read
from lab.load.report.figures import figures
from lab.load.report.lines import Progress, disagreements, progress_line, summary
from lab.load.report.page import report
from lab.load.run.runner import Result
from lab.load.tally import API, FRONT_DOOR, NO_ANSWER, Histogram, Outcome, Tally
from lab.load.verify.agreement import compare, milliseconds
from lab.load.verify.counters import Increase, Series
from lab.load.verify.course import GENERATOR, Moment, broken_at, merged

_, PROFILES = read()
STRESS = chosen(PROFILES, "stress", "100", "0.5")
STEADY = PROFILES["steady"]


def moment(at: float, seconds: float = 0.01, failed: int = 0, by: str = API, **cores: float) -> Moment:
    """Return a moment of 100 requests in 1.5 s, of which this many failed."""
    tally = Tally()
    for number in range(100):
        status = {API: 503, FRONT_DOOR: 502, NO_ANSWER: 0}[by] if number < failed else 200
        tally.add(Outcome("GET", "/x", status, by if number < failed else API, number >= failed), seconds)
    return Moment(at, 10, 1.5, tally, cores, 0.9)


def course(*changes: Moment) -> list[Moment]:
    """Return ten steps of three seconds with two moments each, some of them replaced."""
    by_time = {one.at: one for one in changes}
    times = [1.5 * number for number in range(1, 21)]
    return [by_time.get(at, moment(at)) for at in times]


def test_a_stack_that_holds_does_not_break() -> None:
    """A stack that handles every step has no breaking point."""
    assert broken_at(STRESS, course()) is None


def test_the_first_broken_step_is_named_with_what_broke() -> None:
    """The first broken step is reported with its errors by responder and with the busiest processes."""
    broken = broken_at(
        STRESS, course(moment(9.0, failed=30, by=FRONT_DOOR, nginx=0.2, **{"api-1": 0.8}), moment(12.0, seconds=5))
    )
    assert broken is not None
    assert broken.step == 3
    assert broken.what.startswith("30.0% of the requests failed, most (30) by NGINX with status 502")
    assert "api-1 0.80, nginx 0.20" in broken.what


def test_slow_is_broken_too() -> None:
    """A step with p99 above its limit is broken too."""
    broken = broken_at(STRESS, course(moment(6.0, seconds=1.2)))
    assert broken is not None
    assert (broken.step, broken.what[:8]) == (2, "p99 was ")


def test_a_generator_at_its_limit_says_so() -> None:
    """A breaking point at which the generator is at its limit is reported as the generator's own limit."""
    broken = broken_at(STRESS, course(moment(6.0, seconds=1.2, **{GENERATOR: 0.99})))
    assert broken is not None
    assert broken.what.endswith("so this is the generator's limit")


def test_the_first_half_of_a_step_is_forgiven() -> None:
    """Errors in the first half of a step do not count, because many users start there."""
    assert broken_at(STRESS, course(moment(4.5, failed=30))) is None


def test_other_profiles_do_not_break() -> None:
    """Other profiles have no breaking point and run until they end."""
    assert broken_at(STEADY, course(moment(9.0, failed=100))) is None


def test_a_line_names_who_failed() -> None:
    """A progress line shows the number of errors by responder and status."""
    line = progress_line([moment(2.0), moment(4.0, failed=2), moment(6.0, failed=3, by=NO_ANSWER)])
    assert "100.0 errors" not in line
    assert re.search(r"6 s +10 users +66\.7 req/s +p50 \S+ ms .*errors 5 \(no response: 3, API 503: 2\)$", line)


def test_progress_is_printed_every_few_seconds() -> None:
    """Progress is printed every few seconds, not at every moment."""
    now, said = [0.0], list[str]()
    progress = Progress(said.append, every=5.0, clock=lambda: now[0])
    for second in range(2, 14, 2):
        now[0] = float(second)
        progress.moment(moment(float(second)))
    assert len(said) == 2


def result(counted: int, failed: int = 0, profile: str = "steady") -> Result:
    """Return a run of 200 requests of which the API counted this many."""
    moments = (moment(2.0, failed=failed, **{"api-1": 0.5}), moment(4.0, **{"api-1": 0.5}))
    tally = merged(moments)
    counts = {Series("GET", "/x", 200): counted - failed, Series("GET", "/x", 503): failed}
    buckets = {0.005: 0, 0.01: counted, 0.025: counted, float("inf"): counted}
    agreement = compare(tally, Increase({key: n for key, n in counts.items() if n}, buckets), Histogram())
    return Result(PROFILES[profile], moments, tally, agreement, {"placed": 3, "confirmed": 3}, "done", Histogram())


def test_a_run_that_agrees_says_so() -> None:
    """A run that agrees shows both counts next to each other as equal."""
    lines = summary(result(200))
    assert disagreements(result(200)) == []
    assert any(re.fullmatch(r"  requests +200 +200   equal", line) for line in lines)


def test_a_run_that_disagrees_fails() -> None:
    """A run that disagrees is reported with a sentence that explains the difference."""
    assert disagreements(result(201))[0].startswith(
        "GET /x 200: the API responded to 200 of our requests, Prometheus counted 201"
    )


def test_the_report_is_well_formed() -> None:
    """The report has well-formed charts and a table, and a route's name is not interpreted as markup."""
    page = report(result(200, failed=5), "2026-11-24T00:00:00+00:00", {"cores": 2})
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 5
    for picture in pictures:
        ElementTree.fromstring(picture)
    assert "GET /x" in page
    assert "<script" not in page


def test_figures_add_up() -> None:
    """The figures for programs add up."""
    content = figures(result(200, failed=5), "2026-11-24T00:00:00+00:00", {})
    assert (content["requests"], content["errors"]) == (200, 5)
    assert sum(row["requests"] for row in content["outcomes"]) == 200
    assert content["errors_by"] == [{"by": "API", "status": 503, "requests": 5}]
    assert content["agreement"]["agrees"] is True


@pytest.mark.parametrize("values", [[], [None, None], [0.0, 0.0], [1.0], [0.001, 5000.0]])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_a_chart_of_anything_is_a_picture(values: list[float | None], logarithmic: bool) -> None:
    """A chart is well-formed for no values, zeros, gaps and several decades."""
    line = Line("a <b> & c", [(float(number), value) for number, value in enumerate(values)])
    ElementTree.fromstring(chart("x", "ms", [line], logarithmic))


def test_durations_read_well() -> None:
    """Durations below one second are printed in milliseconds."""
    assert [milliseconds(value) for value in (None, 0.00512, 0.25, 1.5, float("inf"))] == [
        "–", "5.12 ms", "250 ms", "1.50 s", "∞",
    ]  # fmt: skip
