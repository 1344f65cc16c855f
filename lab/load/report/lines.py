"""Progress lines every few seconds, and the summary at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from lab.load.run.runner import Result
from lab.load.tally import API, FRONT_DOOR, NO_ANSWER
from lab.load.verify.agreement import GIVEN_UP, QUANTILES, Agreement, Quantile, milliseconds
from lab.load.verify.course import Moment, merged

EVERY_SECONDS = 5.0


class Progress:
    """Prints one line for the moments of every few seconds."""

    def __init__(
        self, say: Callable[[str], None], every: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._every, self._clock = say, every, clock
        self._reported = clock()
        self._moments: list[Moment] = []

    def moment(self, moment: Moment) -> None:
        """Record a moment, and print a line if it is due."""
        self._moments.append(moment)
        if self._clock() - self._reported >= self._every:
            self._say(progress_line(self._moments))
            self._reported, self._moments = self._clock(), []


def progress_line(moments: list[Moment]) -> str:
    """Format the moments as one line."""
    tally, last = merged(moments), moments[-1]
    durations = tally.durations
    rate = tally.count() / sum(moment.seconds for moment in moments)
    quantiles = "  ".join(f"p{q * 100:g} {milliseconds(durations.quantile(q))}" for q in QUANTILES[:3])
    return (
        f"  {last.at:5.0f} s  {last.users:5d} users  {rate:7.1f} req/s  {quantiles}  "
        f"machine {last.machine:.0%} busy  errors {errors_said(tally.errors)}"
    )


def errors_said(errors: Counter[tuple[str, int]]) -> str:
    """Format the counts by server and status."""
    if not errors:
        return "0"
    parts = [
        f"{by} {status}: {count}" if status else f"no response: {count}"
        for (by, status), count in sorted(errors.items(), key=lambda item: -item[1])
    ]
    return f"{errors.total()} ({', '.join(parts)})"


def summary(result: Result) -> list[str]:
    """Return a summary of the run in a few lines, with Prometheus' figures next to ours."""
    tally, agreement = result.tally, result.agreement
    users = max((moment.users for moment in result.moments), default=0)
    durations = tally.durations
    said = [
        f"{users} users, {tally.count()} requests in {result.seconds:.0f} s: "
        f"{tally.count() / max(result.seconds, 1e-3):.1f} req/s, errors {errors_said(tally.errors)}"
        f"{'' if result.ended == 'done' else f' (ended early: {result.ended})'}",
        "  all requests, measured by the client: "
        + "  ".join(f"p{q * 100:g} {milliseconds(durations.quantile(q))}" for q in QUANTILES),
        f"  orders: {', '.join(f'{count} {status}' for status, count in result.orders.items())}",
        "",
        f"  {'answered by the API':<22}{'here':>12}{'Prometheus':>14}   bucket",
        f"  {'requests':<22}{agreement.sent:>12}{agreement.counted:>14}   " + _counts_verdict(agreement),
        *(_quantile_line(one) for one in agreement.quantiles),
    ]
    if before := tally.answered_by(FRONT_DOOR).total:
        given_up = sum(count for (by, status), count in tally.errors.items() if by == FRONT_DOOR and status in GIVEN_UP)
        said.append(
            f"  {before} more were answered by NGINX itself. {given_up} of them had been forwarded (502, 504), so "
            "the API may have counted them."
        )
    if unanswered := tally.answered_by(NO_ANSWER).total:
        said.append(f"  {unanswered} more got no response: the API may have counted them.")
    if again := sum(result.tried_again.values()):
        said.append(f"  {again} times NGINX tried another replica, so the API may have counted a request twice.")
    if result.broken:
        said += ["", f"broke at step {result.broken.step} ({result.broken.users} users): {result.broken.what}"]
    elif result.profile.breaks and result.ended == "done":
        said += ["", f"did not break up to {result.profile.users} users"]
    return said


def _counts_verdict(agreement: Agreement) -> str:
    if agreement.counts:
        return "DIFFER"
    return "equal" if agreement.sent == agreement.counted else "requests without a response explain the difference"


def _quantile_line(one: Quantile) -> str:
    bucket = f"{milliseconds(one.bucket[0])} – {milliseconds(one.bucket[1])}" if one.bucket else "–"
    verdict = {True: "agree", False: "DIFFER", None: "too few"}[one.agrees]
    name = f"p{one.q * 100:g}"
    return f"  {name:<22}{milliseconds(one.sent):>12}{milliseconds(one.counted):>14}   {bucket}  {verdict}"


def disagreements(result: Result) -> list[str]:
    """Return why the run fails. Past the breaking point, queues before the API's clock are expected."""
    said = list(result.agreement.counts)
    if result.profile.breaks is None:
        said += result.agreement.differing
    if not result.tally.answered_by(API).total:
        said.append("The API did not respond to any request.")
    return said
