"""Orders while components are killed in turn; afterwards every ledger is audited.

Every order that was promised (202) must reach a final state; charges, stock and e-mails must match the confirmed
orders exactly.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo.errors import PyMongoError
from requests import RequestException

from lab.chaos.killer import IN_TURN, Kill, Killer
from lab.chaos.report import Figures, Progress
from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack
from lab.clients.shop import ShopClient
from lab.orders.ledger_audit import Evidence, Violation, audit
from lab.orders.plan import make_plan
from lab.orders.records import Ledgers, Mailbag, duplicates
from lab.orders.sender import Sender

CUSTOMERS = 5
QUIET_SECONDS = 90.0
CLOCK_TOLERANCE = timedelta(seconds=1)
LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ChaosRun:
    """``orders`` at ``rate`` a second; the components ``kills`` are killed and held down for ``hold`` seconds.

    ``turns`` is how often each is killed at the least. ``promise_seconds`` is how long after the last order's time each
    must have its 202, ``end_seconds`` how long after the last 202 and the last kill each must be in a final state.
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
    """The result of a chaos run."""

    figures: Figures
    violations: list[Violation]
    kills: list[Kill]


def carry_out(instance: RunningStack, run: ChaosRun, progress: Progress) -> Outcome:
    """Place the orders, kill, wait, check. Raises ``RunFailed`` if that is not possible."""
    client, ledgers = ShopClient(instance), Ledgers(instance.mongo_url)
    try:
        _require_quiet(instance, ledgers, progress)
        prefix = f"chaos-{secrets.token_hex(4)}"
        plan = make_plan(prefix, client.catalogue(), run.orders, CUSTOMERS, run.seed)
        client.set_stock(plan.scarce, plan.scarce_stock)
        sender, mailbag = Sender(instance.url("nginx"), client.customers(CUSTOMERS)), Mailbag(instance.url("console"))
        repeated = duplicates(instance.url("console-metrics"))
        before, began = ledgers.shelf(), datetime.now(UTC) - CLOCK_TOLERANCE

        all_sent = threading.Event()
        killer = Killer(instance, run.kills, run.hold, all_sent, run.seed, run.turns)
        started = time.monotonic()
        if run.kills:
            killer.start()

        def on_progress() -> None:
            mailbag_may_look(mailbag)
            progress.say(f"{sender.promised} of {run.orders} orders promised{_fallen(killer)}")

        try:
            sender.send(plan.wishes, run.rate, run.promise_seconds, on_progress)
        finally:
            all_sent.set()
            _wait_for_killer(killer, run, lambda: progress.say(f"the last kills{_fallen(killer)}"), mailbag)
        _wait_for_ends(ledgers, mailbag, prefix, run.end_seconds, progress)
        took = time.monotonic() - started
        mailbag.look()
        if mailbag.overrun:
            raise RunFailed("more e-mails arrived between two looks than the inbox shows.")
        orders = ledgers.orders(prefix)
        evidence = Evidence(
            sender.sent, orders, ledgers.charges(began), mailbag.per_order, before, ledgers.shelf(), plan.scarce,
            plan.scarce_stock,
        )  # fmt: skip
        violations = audit(evidence)
        violations += [Violation("each kill and start succeeds", (error,)) for error in killer.errors]
        repeated = duplicates(instance.url("console-metrics")) - repeated
        return Outcome(Figures.of(evidence, sender.answers, killer.kills, repeated, took), violations, killer.kills)
    finally:
        ledgers.close()


def mailbag_may_look(mailbag: Mailbag) -> None:
    """Poll the inbox if it answers; messages stay there until the next poll."""
    try:
        mailbag.look()
    except RequestException:
        return


def _fallen(killer: Killer) -> str:
    now = f", {killer.now} is down" if killer.now else ""
    return f", {len(killer.kills)} kills{now}"


def _require_quiet(instance: RunningStack, ledgers: Ledgers, progress: Progress) -> None:
    if "traffic" in instance.status():
        raise RunFailed("another client orders too (the component traffic): start the instance with TRAFFIC=0.")
    deadline = time.monotonic() + QUIET_SECONDS
    # Charges of the last moments would count as ours: they are within the tolerance of the clocks.
    while waiting := sum(ledgers.unfinished().values()) or len(ledgers.charges(datetime.now(UTC) - CLOCK_TOLERANCE)):
        if time.monotonic() > deadline:
            raise RunFailed(f"{waiting} earlier orders are not finished after {QUIET_SECONDS:.0f} s.")
        progress.say(f"waiting for {waiting} earlier orders")
        time.sleep(LOOK_EVERY_SECONDS)


def _wait_for_killer(killer: Killer, run: ChaosRun, on_progress: Callable[[], None], mailbag: Mailbag) -> None:
    if not run.kills:
        return
    deadline = time.monotonic() + run.turns * len(run.kills) * (run.hold[1] + 60.0)
    while not killer.join(LOOK_EVERY_SECONDS):
        on_progress()
        mailbag_may_look(mailbag)
        if time.monotonic() > deadline:
            raise RunFailed(f"the kills do not come to an end{_fallen(killer)}.")


def _wait_for_ends(ledgers: Ledgers, mailbag: Mailbag, prefix: str, seconds: float, progress: Progress) -> None:
    """Wait until no order has work left, at most ``seconds``; the audit reports those that have."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            left = ledgers.unfinished(prefix)
            mailbag.look()
        except (PyMongoError, RequestException) as error:
            progress.say(f"the ledgers cannot be read now ({type(error).__name__})")
        else:
            if not left:
                return
            states = ", ".join(f"{count} {status}" for status, count in sorted(left.items()))
            progress.say(f"orders with work left: {states}")
        time.sleep(LOOK_EVERY_SECONDS)
