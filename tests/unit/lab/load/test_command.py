"""The end of a run: its exit status, with Locust and with the independent client."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.load import __main__ as command
from lab.load.profiles.reading import read
from lab.load.run.runner import Result
from lab.load.tally import API, Histogram, Outcome, Tally
from lab.load.verify.agreement import compare
from lab.load.verify.counters import Increase, Series
from lab.load.verify.course import Moment

_, PROFILES = read()
AT = datetime(2026, 11, 27, tzinfo=UTC)


def ended(status: int) -> Result:
    """Return a run of one request, which Prometheus has counted too."""
    tally = Tally()
    tally.add(Outcome("GET", "/list", status, API, status == 200), 0.008)
    increase = Increase({Series("GET", "/list", status): 1}, {0.005: 0, 0.01: 1, float("inf"): 1})
    agreement = compare(tally, increase, Histogram())
    return Result(
        PROFILES["smoke"], (Moment(1.0, 1, 1.0, tally),), tally, agreement, {"placed": 0}, "done", Histogram()
    )


@pytest.mark.parametrize(
    ("status", "strict", "code"), [(200, False, 0), (200, True, 0), (500, False, 0), (500, True, 1)]
)
def test_the_independent_client_allows_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, strict: bool, code: int
) -> None:
    """A run with Locust fails only if the counts differ; with JMeter also if a request failed, which is reported."""
    assert command.finish(ended(status), tmp_path, AT, strict=strict) == code
    assert ("failed: 1 (API 500: 1)" in capsys.readouterr().out) == bool(code)


def test_one_client_must_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """Exactly one of the two clients must be chosen."""
    for arguments in ([], ["--python", "python", "--jmeter", "home"]):
        with pytest.raises(SystemExit):
            command.parser().parse_args(arguments)
    assert "--jmeter" in capsys.readouterr().err
