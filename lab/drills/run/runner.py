"""The steps of one drill: wait for quiet, start the load, inject the fault, watch, clear it, watch again, audit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pymongo.errors import PyMongoError
from requests import RequestException

from lab.clients.errors import NoAnswer, RunFailed
from lab.drills.interfaces import Orders, World
from lab.drills.run.result import Found, Result, Spent
from lab.drills.run.verify import verify
from lab.drills.spec.model import Drill, Find
from lab.drills.watch.timeline import PAGES, TICKETS, Kind
from lab.drills.watch.watcher import Watcher

EVERY_SECONDS = 1.0
QUIET_SECONDS = 900.0
"""The longest wait for earlier alerts to resolve."""
SETTLED_SECONDS = 90.0
"""The minimum uptime of Prometheus: in its first minute, targets that are down may still be starting (alerts/rules)."""
FIND_SECONDS = 45.0
END_SECONDS = 180.0
MONTH_SECONDS = 30 * 86_400.0
BUDGET = 0.001
"""The error budget of API availability: 99.9 % (alerts/slos.yaml)."""
SLO_RATIO = 'slo:sli_error:ratio_rate30m{slo="api-availability"}'
SLO_WINDOW_SECONDS = 1800.0
FIRING_PAGES = 'ALERTS{alertstate="firing", severity="page", layer!="budget"}'
"""Budget alerts fire for half an hour after an incident and are muted meanwhile (alerts/rules/incidents.yml)."""
OPENERS = frozenset({"FrontDoorDown", "MongoDown", "ApiDown", "RedisDown", "PaymentsDown"})
"""Pages that open a new incident while the last one still mutes other alerts (alerts/rules/incidents.yml)."""
OPEN_INCIDENTS = 'ALERTS{alertname="IncidentOpen", alertstate="firing", tier=""}'
"""Fires for three minutes after its alert (alerts/rules/incidents.yml)."""
AGE = 'time() - max(process_start_time_seconds{job="prometheus"})'

Say = Callable[[str], None]
Enough = Callable[[float], bool]


@dataclass(frozen=True)
class Runner:
    """Runs drills in one world. ``say`` gets a line for each stage and each wait."""

    world: World
    watcher: Watcher
    say: Say
    uninterrupted: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
    """The fault is cleared and the load is stopped within this block, so that a second Ctrl-C cannot prevent it."""

    def run(self, drill: Drill, enough: Enough | None = None) -> Result:
        """Run the drill. Raises ``RunFailed`` if that is not possible; the fault is cleared in any case.

        ``enough`` is called about once per second with the seconds since the fault and returns whether to clear it; it
        replaces the scenario's own conditions.
        """
        self.quiet(drill)
        with self._load(drill):
            with self._broken(drill) as broken:
                finds = self._while_broken(drill, broken, enough)
            cleared = self.watcher.note(Kind.CLEARED, "cleared").at
            busy = round(self.world.observatory.busy(), 1)
            if drill.cost.dead_letters:
                self._revive()
            self._until_resolved(drill, broken, cleared)
            ended = self.world.clock.now()
            spent_ratio = self._slo_ratio() if drill.cost.agree and self.world.alone else None
        orders = self._settled()
        spent = self._spent(broken - drill.load.warm, ended, spent_ratio, orders)
        return replace(verify(drill, self.watcher.timeline, broken, cleared, finds, spent, orders), busy=busy)

    def quiet(self, drill: Drill) -> None:
        """Wait until everything is running, no page fires, and the last incident no longer mutes an expected page.

        Raises ``RunFailed`` on a timeout.
        """
        reasons: list[str] = []

        def is_quiet() -> bool:
            reasons[:] = self._unquiet(drill)
            if reasons:
                self.say(f"waiting: {'; '.join(reasons)}")
            return not reasons

        if not self._until(is_quiet, QUIET_SECONDS):
            raise RunFailed(f"not ready after {QUIET_SECONDS:.0f} s: {'; '.join(reasons)}")

    def _unquiet(self, drill: Drill) -> list[str]:
        observatory = self.world.observatory
        wrong = list(observatory.unhealthy())
        if wrong:
            return wrong
        try:
            age = min(observatory.values(AGE), default=0.0)
            if age < SETTLED_SECONDS:
                return [f"Prometheus has been running for only {age:.0f} s"]
            if any(value > 0 for value in observatory.values(FIRING_PAGES)):
                pages = [one for one in observatory.alerts() if one.labels.get("severity") == "page"]
                firing = {one.name for one in pages if one.labels.get("layer") != "budget"}
                return [f"still firing: {', '.join(sorted(firing)) or 'a page'}"]
            page = drill.expect.page
            if page and page.alert not in OPENERS and observatory.values(OPEN_INCIDENTS):
                return ["the last incident is still open"]
        except NoAnswer as error:
            return [str(error)]
        return []

    @contextlib.contextmanager
    def _load(self, drill: Drill) -> Iterator[None]:
        self.say(f"{drill.load.reads:g} reads and {drill.load.orders:g} orders per second")
        self.world.shoppers.start(drill.load)
        try:
            self._until(lambda: False, drill.load.warm)
            yield
        finally:
            with self.uninterrupted():
                self.world.shoppers.stop()

    @contextlib.contextmanager
    def _broken(self, drill: Drill) -> Iterator[float]:
        try:
            broken = self.watcher.note(Kind.BROKEN, str(drill.fault)).at
            self.world.injector.begin(drill.fault, drill.longest)
            yield broken
        finally:
            with self.uninterrupted():
                self.say("clearing the fault")
                self.world.injector.clear()

    def _while_broken(self, drill: Drill, broken: float, enough: Enough | None) -> list[Found]:
        limit = max((one.within for one in drill.expect.alerts), default=0.0)
        clock, searches = self.world.clock, [_Search(find) for find in drill.find]

        def done() -> bool:
            for search in searches:
                search.look(self.world, broken)
            age = clock.now() - broken
            if enough is not None:
                return enough(age)
            waiting = [one.alert for one in drill.expect.alerts if not self._notified(one.names, broken)]
            waiting = waiting if age < limit else []
            sought = (
                [one.find.what for one in searches if one.after is None] if age < drill.lasts + FIND_SECONDS else []
            )
            self.say(f"fault active for {age:.0f} s; " + _awaited(waiting, sought, drill.lasts - age))
            return age >= drill.lasts and not waiting and not sought

        self._until(done, drill.longest)
        return [search.found() for search in searches]

    def _until_resolved(self, drill: Drill, broken: float, cleared: float) -> None:
        """Wait until every alert that sent a notification is resolved, then ``after`` more seconds."""

        def resolved() -> bool:
            left = [
                names[0]
                for names in [one.names for one in drill.expect.alerts if one.resolves]
                if self._notified(names, broken) and not self._resolved(names, cleared)
            ]
            self.say(f"cleared {self.world.clock.now() - cleared:.0f} s ago; " + _awaited(left, [], 0))
            return not left

        self._until(resolved, drill.expect.resolve)
        self._until(lambda: False, drill.after)
        # An alert with a late notification also resolves late.
        self._until(resolved, cleared + drill.expect.resolve - self.world.clock.now())

    def _notified(self, names: tuple[str, ...], broken: float) -> bool:
        return self.watcher.timeline.first(Kind.NOTIFIED, names, broken) is not None

    def _resolved(self, names: tuple[str, ...], cleared: float) -> bool:
        timeline = self.watcher.timeline
        return any(timeline.first(Kind.RESOLVED, names, cleared, to) is not None for to in (PAGES, TICKETS))

    def _revive(self) -> None:
        try:
            self.world.shoppers.revive()
        except NoAnswer as error:
            raise RunFailed(str(error)) from error

    def _settled(self) -> Orders:
        self.say("auditing the ledgers")
        try:
            return self.world.shoppers.settle(END_SECONDS)
        except (PyMongoError, RequestException) as error:
            raise RunFailed(f"the ledgers cannot be read: {type(error).__name__}") from error

    def _slo_ratio(self) -> float | None:
        try:
            return next(iter(self.world.observatory.values(SLO_RATIO)), None)
        except NoAnswer:
            return None

    def _spent(self, start: float, end: float, slo_ratio: float | None, orders: Orders) -> Spent:
        tally = self.world.shoppers.tally(start, end)
        # The series look back half an hour, which may include earlier drills on the same instance.
        same = self.world.shoppers.tally(end - SLO_WINDOW_SECONDS, end)
        return Spent(
            seconds=round(end - start, 1),
            requests=tally.requests,
            failed=tally.failed,
            answered_ratio=same.answered_ratio,
            slo_ratio=slo_ratio,
            budget_share=tally.ratio * (end - start) / MONTH_SECONDS / BUDGET,
            orders=orders.placed,
            confirmed=orders.confirmed,
            delayed=orders.delayed,
            orders_failed=orders.failed,
            dead_letters=orders.dead_letters,
            lost=orders.lost,
            slowest_order=orders.slowest,
        )

    def _until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Poll every second until ``done``, at most ``seconds``. Returns whether it is done."""
        clock = self.world.clock
        deadline = clock.now() + seconds
        while True:
            self.watcher.look()
            if done():
                return True
            if clock.now() >= deadline:
                return False
            clock.wait(min(EVERY_SECONDS, max(0.0, deadline - clock.now())))


@dataclass
class _Search:
    find: Find
    after: float | None = None
    _next: float = 0.0

    def look(self, world: World, broken: float) -> None:
        """Query every few seconds until it is found. A server that does not respond counts as not found."""
        now = world.clock.now()
        if self.after is not None or now < self._next:
            return
        self._next = now + 3.0
        with contextlib.suppress(NoAnswer):
            if self._there(world, broken - 5.0, now + 1.0):
                self.after = round(now - broken, 1)

    def _there(self, world: World, start: float, end: float) -> bool:
        find, observatory = self.find, world.observatory
        if find.log is not None:
            return observatory.log_lines(find.log, start, end) > 0
        if find.metric is not None:
            return len(observatory.values(find.metric)) > 0
        return find.trace is not None and observatory.has_span(find.trace, start, end)

    def found(self) -> Found:
        find = self.find
        query = find.log or find.metric or f"traces of {find.trace.service if find.trace else ''}"
        return Found(find.what, query, self.after is not None, self.after)


def _awaited(alerts: list[str], sought: list[str], rest: float) -> str:
    parts = ([f"waiting for {', '.join(alerts)}"] if alerts else []) + ([f"looking for {sought[0]}"] if sought else [])
    if not parts and rest > 0:
        parts = [f"{rest:.0f} s left"]
    return "; ".join(parts) or "done"
