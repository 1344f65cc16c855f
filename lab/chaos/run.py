"""A chaos run: orders are sent while components are killed in turn, then every ledger is audited.

Every accepted order (202) must reach a final state. Charges, stock and e-mails must match the confirmed orders exactly.
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
    """``orders`` orders at ``rate`` per second; the components ``kills`` are killed and kept down for ``hold`` seconds.

    ``turns`` is the minimum number of kills of each component. Every order must have its 202 within ``promise_seconds``
    after the last order's scheduled time, and must be in a final state within ``end_seconds`` after the last 202 and
    the last kill.
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
    """Place the orders, kill components, wait and audit. Raises ``RunFailed`` if that is not possible."""
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
            progress.say(f"{sender.promised} of {run.orders} orders accepted{_fallen(killer)}")

        try:
            sender.send(plan.wishes, run.rate, run.promise_seconds, on_progress)
        finally:
            all_sent.set()
            _wait_for_killer(killer, run, lambda: progress.say(f"finishing the last kills{_fallen(killer)}"), mailbag)
        _wait_for_ends(ledgers, mailbag, prefix, run.end_seconds, progress)
        took = time.monotonic() - started
        mailbag.look()
        if mailbag.overrun:
            raise RunFailed("more e-mails arrived between two polls than the inbox shows.")
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
    """Poll the inbox if it responds. Otherwise messages stay there until the next poll."""
    try:
        mailbag.look()
    except RequestException:
        return


def _fallen(killer: Killer) -> str:
    now = f", {killer.now} is down" if killer.now else ""
    return f", {len(killer.kills)} kills{now}"


def _require_quiet(instance: RunningStack, ledgers: Ledgers, progress: Progress) -> None:
    if "traffic" in instance.status():
        raise RunFailed("another client (the component traffic) also places orders: start the instance with TRAFFIC=0.")
    deadline = time.monotonic() + QUIET_SECONDS
    # Charges made just before would count as ours, because they are within the tolerance of the clocks.
    while waiting := sum(ledgers.unfinished().values()) or len(ledgers.charges(datetime.now(UTC) - CLOCK_TOLERANCE)):
        if time.monotonic() > deadline:
            raise RunFailed(f"{waiting} earlier orders are unfinished after {QUIET_SECONDS:.0f} s.")
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
            raise RunFailed(f"the kills did not finish in time{_fallen(killer)}.")


def _wait_for_ends(ledgers: Ledgers, mailbag: Mailbag, prefix: str, seconds: float, progress: Progress) -> None:
    """Wait at most ``seconds`` until no order is unfinished. The audit reports unfinished ones."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            left = ledgers.unfinished(prefix)
            mailbag.look()
        except (PyMongoError, RequestException) as error:
            progress.say(f"the ledgers are unavailable ({type(error).__name__})")
        else:
            if not left:
                return
            states = ", ".join(f"{count} {status}" for status, count in sorted(left.items()))
            progress.say(f"unfinished orders: {states}")
        time.sleep(LOOK_EVERY_SECONDS)
