"""``python -m lab.load.generator PLAN.json``: send until the plan is done, SIGTERM arrives or the parent has exited."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment

from lab.load.address import ForeignHost
from lab.load.generator.customer import ANSWER_SECONDS, CONNECT_SECONDS, Customer, Shared
from lab.load.generator.plan import Plan
from lab.load.profiles.model import MOST_REQUESTS
from lab.load.tally import Histogram

TICK_SECONDS = 0.02
DEFECT, WRONG_USE = 3, 2


class Generator:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.shared = plan, Shared(plan)
        self.stopping = ""
        self.lag = Histogram()
        self.defects: list[str] = []
        Customer.shared = self.shared
        Customer.host = plan.url
        self.environment = Environment(user_classes=[Customer], stop_timeout=CONNECT_SECONDS + ANSWER_SECONDS)
        self.environment.events.user_error.add_listener(self._defect)
        self.runner = self.environment.create_local_runner()

    def _defect(self, exception: BaseException, **_: Any) -> None:
        self.defects.append(repr(exception))
        self.stopping = "defect"

    def stop(self, why: str) -> None:
        """Stop after the requests in flight have completed."""
        self.stopping = self.stopping or why

    def run(self) -> int:
        """Run until the end. Returns 0, or 3 after a bug in the generator."""
        parent, begun, reported = os.getppid(), time.monotonic(), 0.0
        due = begun
        while not self.stopping:
            second = time.monotonic() - begun
            wanted = self.plan.profile.users_at(second)
            if not wanted:
                self.stop("done")
            elif self.shared.all.count() + self.shared.fresh.count() >= MOST_REQUESTS:
                self.stop("most requests")
            elif os.getppid() != parent:
                self.stop("alone")
            elif wanted != self.runner.target_user_count and self._settled():
                # All users at once, because the profile defines the rate of new users.
                self.runner.start(wanted, spawn_rate=10_000, wait=False)
            if second - reported >= self.plan.every_seconds:
                reported = second
                self._report(second)
            due += TICK_SECONDS
            gevent.sleep(max(0.0, due - time.monotonic()))
            due = self._late(due)
        self.runner.stop()
        self._report(time.monotonic() - begun, why=self.stopping)
        return DEFECT if self.defects else 0

    def _late(self, due: float) -> float:
        """The generator's delay is the delay in reading responses: one entry for each missed tick, not one in total."""
        now = time.monotonic()
        while now - due > TICK_SECONDS:
            self.lag.add(now - due)
            due += TICK_SECONDS
        self.lag.add(max(0.0, now - due))
        return due

    def _settled(self) -> bool:
        spawning = self.runner.spawning_greenlet
        return spawning is None or spawning.ready()

    def _report(self, second: float, why: str = "") -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        line: dict[str, Any] = {
            "at": round(second, 2),
            "users": self.runner.user_count,
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
            "fresh": self.shared.taken().as_json(),
        }
        if why:
            ends = self.shared.ends
            line |= {
                "ended": why,
                "orders": {"placed": ends.placed, **ends.by_status},
                "lag": {str(index): count for index, count in self.lag.counts.items()},
                "defects": self.defects[:5],
            }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the plan in the file."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m lab.load.generator PLAN.json\n")
        return WRONG_USE
    try:
        plan = Plan.loads(Path(arguments[0]).read_text())
    except ForeignHost as error:
        sys.stderr.write(f"load: {error}\n")
        return WRONG_USE
    generator = Generator(plan)
    # It warns about fast changes, which are intended here.
    logging.getLogger("locust").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, lambda *_: generator.stop("stopped"))
    # Ctrl-C reaches the whole group, but the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return generator.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
