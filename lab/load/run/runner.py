"""One run of a profile, which starts and ends with a quiet instance."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from lab.clients.errors import RunFailed
from lab.load.generator.plan import Plan
from lab.load.profiles.model import Customers, Profile
from lab.load.run.process import Start
from lab.load.run.target import Target
from lab.load.tally import Histogram, Tally
from lab.load.verify.agreement import Agreement, compare
from lab.load.verify.busy import Busy
from lab.load.verify.counters import Counters, Reading
from lab.load.verify.course import GENERATOR, OTHERS, Broken, Moment, broken_at, merged
from lab.load.verify.front_door import FrontDoor

QUIET_SCRAPES = 6


@dataclass(frozen=True)
class Result:
    """The run's result. ``ended`` is the reason for its end; ``orders`` are the outcomes of orders."""

    profile: Profile
    moments: tuple[Moment, ...]
    tally: Tally
    agreement: Agreement
    orders: Mapping[str, int]
    ended: str
    lag: Histogram
    broken: Broken | None = None
    tried_again: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """The seconds during which requests were sent."""
        return self.moments[-1].at if self.moments else 0.0


def carry_out(
    profile: Profile,
    customers: Customers,
    url: str,
    counters: Counters,
    target: Target,
    start: Start,
    folder: Path,
    report: Callable[[Moment], None],
    say: Callable[[str], None],
) -> Result:
    """Send the load and verify it; ``start`` starts the client, ``report`` receives each moment as it occurs.

    Raises:
        RunFailed: another client uses the shop.
        NoAnswer: Prometheus does not respond or does not scrape the API.
        GeneratorFailed: the load generator's process failed.
    """
    say("  waiting for two scrapes without a request")
    before, door = quiet(counters), FrontDoor.from_now(target.front_door_log)
    plan = Plan(url, secrets.token_hex(4), secrets.randbits(32), profile, customers)
    (folder / "plan.json").write_text(plan.dumps())
    moments: list[Moment] = []
    stepped_out: Broken | None = None
    with start(plan, folder) as generator, ending(generator.stop):
        busy = Busy({**target.pids, GENERATOR: generator.process.pid})
        at, last = 0.0, {}
        for last in generator.lines():
            cores, machine = busy.cores(), busy.machine()
            # Other processes on the machine affect the result too.
            cores[OTHERS] = round(max(0.0, machine * (os.cpu_count() or 1) - sum(cores.values())), 3)
            fresh = Tally.from_json(last["fresh"])
            moment = Moment(last["at"], last["users"], max(last["at"] - at, 1e-3), fresh, cores, machine)
            at = moment.at
            moments.append(moment)
            report(moment)
            if stepped_out is None and (stepped_out := broken_at(profile, moments)):
                generator.stop()
    say("  waiting for the API's last scrape")
    tally, lag = merged(moments), Histogram({int(index): count for index, count in last["lag"].items()})
    increase = counters.settled().since(before)
    retried = door.tried_again({(outcome.method, outcome.route) for outcome in tally.outcomes})
    agreement = compare(tally, increase, lag, retried)
    ended = f"broken at step {stepped_out.step}" if stepped_out else last["ended"]
    return Result(profile, tuple(moments), tally, agreement, last["orders"], ended, lag, stepped_out, retried)


def quiet(counters: Counters) -> Reading:
    """Return the counters once no requests arrive. Raises ``RunFailed`` if another client continues."""
    # The generated traffic was just stopped, so its last requests may still arrive.
    reading = counters.settled()
    for _ in range(QUIET_SCRAPES):
        before, reading = reading, counters.settled()
        if not (others := reading.since(before).total):
            return reading
    raise RunFailed(
        f"another client uses the shop ({others} requests within the last of {QUIET_SCRAPES} scrapes), so "
        "counts cannot be compared: stop it first."
    )


@contextmanager
def ending(stop: Callable[[], None]) -> Iterator[None]:
    """Make Ctrl-C and SIGTERM end the load early but cleanly; the figures so far are verified and reported."""

    def heard(_: int, __: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
