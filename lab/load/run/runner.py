"""One run of a profile, from quiet to quiet."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from lab.load.generator.plan import Plan
from lab.load.profiles.model import Customers, Profile
from lab.load.run.instance import Instance, NotReady
from lab.load.run.process import Start
from lab.load.tally import Histogram, Tally
from lab.load.verify.agreement import Agreement, compare
from lab.load.verify.busy import Busy
from lab.load.verify.course import GENERATOR, OTHERS, Broken, Moment, broken_at, merged
from lab.load.verify.front_door import FrontDoor
from lab.load.verify.prometheus import Prometheus, Reading

QUIET_SCRAPES = 6


@dataclass(frozen=True)
class Result:
    """What came of it. ``ended``: why it ended; ``orders``: what became of them."""

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
        """How long requests were sent."""
        return self.moments[-1].at if self.moments else 0.0


def carry_out(
    profile: Profile,
    customers: Customers,
    url: str,
    prometheus: Prometheus,
    instance: Instance,
    start: Start,
    folder: Path,
    told: Callable[[Moment], None],
    say: Callable[[str], None],
) -> Result:
    """Send the load and judge it; ``start`` starts the client, ``told`` receives each moment as it occurs.

    Raises:
        NotReady: somebody else is using the shop. NoFigures: Prometheus does not say what is needed.
        GeneratorFailed: the generator did.
    """
    say("  waiting for quiet: two scrapes without a request")
    before, door = quiet(prometheus), FrontDoor.from_now(instance.front_door_log)
    plan = Plan(url, secrets.token_hex(4), secrets.randbits(32), profile, customers)
    (folder / "plan.json").write_text(plan.dumps())
    moments: list[Moment] = []
    stepped_out: Broken | None = None
    with start(plan, folder) as generator, ending(generator.stop):
        busy = Busy({**instance.pids, GENERATOR: generator.process.pid})
        at, last = 0.0, {}
        for last in generator.lines():
            cores, machine = busy.cores(), busy.machine()
            # What is none of ours takes from the same machine: it belongs to the verdict.
            cores[OTHERS] = round(max(0.0, machine * (os.cpu_count() or 1) - sum(cores.values())), 3)
            fresh = Tally.from_json(last["fresh"])
            moment = Moment(last["at"], last["users"], max(last["at"] - at, 1e-3), fresh, cores, machine)
            at = moment.at
            moments.append(moment)
            told(moment)
            if stepped_out is None and (stepped_out := broken_at(profile, moments)):
                generator.stop()
    say("  waiting for the API's last scrape")
    tally, lag = merged(moments), Histogram({int(index): count for index, count in last["lag"].items()})
    increase = prometheus.settled().since(before)
    again = door.tried_again({(outcome.method, outcome.route) for outcome in tally.outcomes})
    agreement = compare(tally, increase, lag, again)
    ended = f"broken at step {stepped_out.step}" if stepped_out else last["ended"]
    return Result(profile, tuple(moments), tally, agreement, last["orders"], ended, lag, stepped_out, again)


def quiet(prometheus: Prometheus) -> Reading:
    """The counters once nobody uses the shop. Raises ``NotReady``: somebody goes on."""
    # The trickle was stopped a moment ago, and what it had under way may still come.
    reading = prometheus.settled()
    for _ in range(QUIET_SCRAPES):
        before, reading = reading, prometheus.settled()
        if not (others := reading.since(before).total):
            return reading
    raise NotReady(
        f"somebody else is using the shop ({others} requests within the last of {QUIET_SCRAPES} scrapes), so that "
        "nothing could be counted exactly: end that first."
    )


@contextmanager
def ending(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the load early but cleanly; what was measured by then is judged and reported."""

    def heard(_: int, __: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
