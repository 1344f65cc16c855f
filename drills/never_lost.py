"""``python -m drills.never_lost``: orders while everything dies in turn; then the books are checked.

Every order that was promised (202) must come to its end; charges, stock and e-mails must fit the confirmed ones
exactly. Ends with 0 if they do, 1 if an invariant is broken, 2 if the drill could not be carried out.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pymongo.errors import PyMongoError
from requests import RequestException

from drills.audit import Evidence, Violation, audit
from drills.books import Books, Mailbag, duplicates
from drills.instance import DrillFailed, Instance, own_instance
from drills.killing import IN_TURN, Kill, Killer
from drills.report import Figures, Progress, show, write_json
from drills.sending import Sender
from drills.shop_door import ShopDoor
from drills.shopping import make_plan

CUSTOMERS = 5
QUIET_SECONDS = 90.0
LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Drill:
    """What is done: how many orders at how many a second, who is killed and for how long (seconds).

    ``turns`` is how often each is killed at the least. ``promise_seconds`` is how long after the last order's time each
    must have its 202, ``end_seconds`` how long after the last 202 and the last kill each must have come to its end.
    """

    orders: int = 2000
    rate: float = 50.0
    kills: Sequence[str] = IN_TURN
    hold: tuple[float, float] = (1.0, 20.0)
    turns: int = 1
    seed: int = 1
    promise_seconds: float = 300.0
    end_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a drill."""

    figures: Figures
    violations: list[Violation]
    kills: list[Kill]


def carry_out(instance: Instance, drill: Drill, progress: Progress) -> Outcome:
    """Place the orders, kill, wait, check. Raises ``DrillFailed`` if that is not possible."""
    door, books = ShopDoor(instance), Books(instance.mongo_url)
    try:
        _require_quiet(instance, books, progress)
        prefix = f"drill-{secrets.token_hex(4)}"
        plan = make_plan(prefix, door.catalogue(), drill.orders, CUSTOMERS, drill.seed)
        door.set_stock(plan.scarce, plan.scarce_stock)
        sender, mailbag = Sender(instance.url("nginx"), door.customers(CUSTOMERS)), Mailbag(instance.url("console"))
        repeated = duplicates(instance.url("console-metrics"))
        before, began = books.shelf(), datetime.now(UTC) - timedelta(seconds=1)

        all_sent = threading.Event()
        killer = Killer(instance, drill.kills, drill.hold, all_sent, drill.seed, drill.turns)
        started = time.monotonic()
        if drill.kills:
            killer.start()

        def told() -> None:
            mailbag_may_look(mailbag)
            progress.say(f"{sender.promised} of {drill.orders} orders promised{_fallen(killer)}")

        try:
            sender.send(plan.wishes, drill.rate, drill.promise_seconds, told)
        finally:
            all_sent.set()
            _wait_for_killer(killer, drill, lambda: progress.say(f"the last kills{_fallen(killer)}"), mailbag)
        _wait_for_ends(books, mailbag, prefix, drill.end_seconds, progress)
        took = time.monotonic() - started
        mailbag.look()
        if mailbag.overrun:
            raise DrillFailed("more e-mails arrived between two looks than the inbox shows.")
        orders = books.orders(prefix)
        evidence = Evidence(
            sender.sent, orders, books.charges(began), mailbag.per_order, before, books.shelf(), plan.scarce,
            plan.scarce_stock,
        )  # fmt: skip
        violations = audit(evidence)
        violations += [Violation("each kill and start succeeds", (error,)) for error in killer.errors]
        repeated = duplicates(instance.url("console-metrics")) - repeated
        return Outcome(Figures.of(evidence, sender.answers, killer.kills, repeated, took), violations, killer.kills)
    finally:
        books.close()


def mailbag_may_look(mailbag: Mailbag) -> None:
    """Look, if the inbox answers; what has come is there at the next look too."""
    try:
        mailbag.look()
    except RequestException:
        return


def _fallen(killer: Killer) -> str:
    now = f", {killer.now} is down" if killer.now else ""
    return f", {len(killer.kills)} kills{now}"


def _require_quiet(instance: Instance, books: Books, progress: Progress) -> None:
    if "traffic" in instance.status():
        raise DrillFailed("others order too (the component traffic): start the instance with TRAFFIC=0.")
    deadline = time.monotonic() + QUIET_SECONDS
    while waiting := sum(books.unfinished().values()):
        if time.monotonic() > deadline:
            raise DrillFailed(f"{waiting} orders from before are not finished after {QUIET_SECONDS:.0f} s.")
        progress.say(f"waiting for {waiting} orders from before")
        time.sleep(LOOK_EVERY_SECONDS)


def _wait_for_killer(killer: Killer, drill: Drill, told: Callable[[], None], mailbag: Mailbag) -> None:
    if not drill.kills:
        return
    deadline = time.monotonic() + drill.turns * len(drill.kills) * (drill.hold[1] + 60.0)
    while not killer.join(LOOK_EVERY_SECONDS):
        told()
        mailbag_may_look(mailbag)
        if time.monotonic() > deadline:
            raise DrillFailed(f"the kills do not come to an end{_fallen(killer)}.")


def _wait_for_ends(books: Books, mailbag: Mailbag, prefix: str, seconds: float, progress: Progress) -> None:
    """Until nothing is left to do on any order, or time is up: the audit then tells which are not done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            left = books.unfinished(prefix)
            mailbag.look()
        except (PyMongoError, RequestException) as error:
            progress.say(f"the books cannot be read now ({type(error).__name__})")
        else:
            if not left:
                return
            states = ", ".join(f"{count} {status}" for status, count in sorted(left.items()))
            progress.say(f"orders with work left: {states}")
        time.sleep(LOOK_EVERY_SECONDS)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m drills.never_lost", description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=50.0, help="orders a second")
    parser.add_argument("--seed", type=int, default=None, help="repeats the mix of orders and the lengths of outages")
    parser.add_argument("--turns", type=int, default=1, help="how often each component is killed at the least")
    parser.add_argument("--no-kills", action="store_true")
    parser.add_argument("--state-dir", type=Path, default=None, help="a running instance, instead of one of its own")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there too")
    parser.add_argument("--keep", action="store_true", help="leave the state directory of the drill's own instance")
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.orders <= 100_000 or not 0.1 <= chosen.rate <= 1000:
        parser.error("--orders must be 1 to 100000 and --rate 0.1 to 1000")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry the drill out; returns the exit status."""
    chosen, progress = options(arguments), Progress()
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(10_000)
    drill = Drill(chosen.orders, chosen.rate, () if chosen.no_kills else IN_TURN, seed=seed, turns=chosen.turns)
    progress.say(
        f"seed {seed}; " + ("bringing an instance up" if chosen.state_dir is None else "checking the instance")
    )
    place = (
        own_instance(chosen.keep) if chosen.state_dir is None else nullcontext(Instance.at(chosen.state_dir.resolve()))
    )
    try:
        with place as instance:
            outcome = carry_out(instance, drill, progress)
            progress.done()
            show(outcome.figures, outcome.violations, progress.console)
            if chosen.keep:
                progress.console.print(f"State and logs: {instance.state_dir}")
    except (DrillFailed, PyMongoError, RequestException) as error:
        progress.done()
        sys.stderr.write(f"never_lost: {error}\n")
        return 2
    except KeyboardInterrupt:
        progress.done()
        return 130
    if chosen.json is not None:
        write_json(chosen.json, seed, outcome.figures, outcome.violations, outcome.kills)
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
