"""Comparison of a drill's timeline with its scenario: notification times and failed expectations. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.drills.interfaces import Orders
from lab.drills.run.result import AlertTimes, Found, Happened, Result, Spent
from lab.drills.spec.model import Drill, Expected
from lab.drills.watch.timeline import PAGES, TICKETS, Event, Kind, Timeline

AGREE_POINTS = 0.1
MACHINE = ("HostCpuHigh", "HostMemoryLow", "HostDiskFull")
"""Tickets about the machine, which other programs also use: they are shown and never count as wrong."""
BUDGET = "Burn"
"""The suffix of alerts on error budgets. Their tickets look back hours and include earlier drills: only shown."""


def times_of(timeline: Timeline, expected: Expected, receiver: str, broken: float, cleared: float) -> AlertTimes:
    """Return the times of one expected alert."""

    def seconds(kind: Kind, start: float, to: str = "") -> float | None:
        event = timeline.first(kind, wanted, start, to)
        return None if event is None else round(max(0.0, event.at - start), 1)

    # If several names are acceptable, the one that sent a notification counts.
    first = timeline.first(Kind.NOTIFIED, expected.names, broken, receiver)
    wanted = (first.alert,) if first else expected.names
    return AlertTimes(
        alert=wanted[0] if first else expected.alert,
        receiver=receiver,
        allowed=expected.within,
        pending=seconds(Kind.PENDING, broken),
        detect=seconds(Kind.FIRING, broken),
        notify=seconds(Kind.NOTIFIED, broken, receiver),
        mail=seconds(Kind.MAILED, broken),
        resolve=seconds(Kind.RESOLVED, cleared, receiver),
        mail_resolve=seconds(Kind.MAILED_RESOLVED, cleared),
    )


def verify(
    drill: Drill,
    timeline: Timeline,
    broken: float,
    cleared: float,
    finds: Sequence[Found],
    spent: Spent,
    orders: Orders,
) -> Result:
    """Return the result with a sentence for each failed expectation."""
    expect = drill.expect
    timeline = timeline.since(broken - drill.load.warm)
    page = (times_of(timeline, expect.page, PAGES, broken, cleared),) if expect.page else ()
    alerts = page + tuple(times_of(timeline, one, TICKETS, broken, cleared) for one in expect.tickets)
    pages = [names(page) for page in timeline.notifications(PAGES)]
    right = set(expect.page.names) if expect.page else set()
    false_pages = _surplus(pages, right)
    tickets = sorted({event.alert for ticket in timeline.notifications(TICKETS) for event in ticket})
    known = {name for one in expect.tickets for name in one.names} | {*expect.may, *MACHINE}
    others = tuple(name for name in tickets if name not in known and not name.endswith(BUDGET))
    wrong = [
        *_late(expect.alerts, alerts, expect.resolve),
        *(f"unexpected page: {one}" for one in false_pages),
        *(f"unexpected ticket: {name}" for name in others),
        *(f"not found: {one.what} ({one.query})" for one in finds if not one.found),
        *_over_limit(drill, spent, orders),
    ]
    return Result(
        name=drill.name,
        title=drill.title,
        fault=str(drill.fault),
        began=broken,
        cleared=round(cleared - broken, 1),
        alerts=alerts,
        pages=len(pages),
        false_pages=false_pages,
        tickets=tuple(tickets),
        other_tickets=others,
        finds=tuple(finds),
        spent=spent,
        wrong=tuple(wrong),
        events=tuple(
            Happened(round(event.at - broken, 1), str(event.kind), event.alert, event.text, event.receiver)
            for event in timeline.in_order()
        ),
    )


def names(notification: Sequence[Event]) -> str:
    """Return the names of a notification's alerts."""
    return ", ".join(sorted({event.alert for event in notification}))


def _surplus(pages: Sequence[str], right: set[str]) -> tuple[str, ...]:
    """Return the false pages: those for another alert, and repetitions of the right one."""
    good = [number for number, page in enumerate(pages) if page in right][:1]
    return tuple(page for number, page in enumerate(pages) if number not in good)


def _late(expected: Sequence[Expected], alerts: Sequence[AlertTimes], resolve: float) -> list[str]:
    wrong = []
    for one, times in zip(expected, alerts, strict=True):
        if times.notify is None:
            wrong.append(f"{' or '.join(one.names)} sent no notification")
            continue
        if times.notify > one.within:
            wrong.append(f"{times.alert} notified after {times.notify:.0f} s, the limit is {one.within:.0f} s")
        if times.mail is None:
            wrong.append(f"{times.alert} was sent by webhook, but not by e-mail")
        if one.resolves and times.resolve is None:
            wrong.append(f"{times.alert} was not resolved within {resolve:.0f} s")
        elif one.resolves and times.resolve is not None and times.resolve > resolve:
            wrong.append(f"{times.alert} was resolved after {times.resolve:.0f} s, the limit is {resolve:.0f} s")
    return wrong


def _over_limit(drill: Drill, spent: Spent, orders: Orders) -> list[str]:
    allowed, wrong = drill.cost, list(orders.violations)
    if orders.lost:
        wrong.append(f"{orders.lost} orders were lost")
    if allowed.delayed is not None and orders.delayed > allowed.delayed:
        wrong.append(f"{orders.delayed} orders took more than 30 s, the limit is {allowed.delayed}")
    if allowed.failed is not None and orders.failed > allowed.failed:
        wrong.append(f"{orders.failed} orders failed, the limit is {allowed.failed}")
    if allowed.agree and spent.apart is not None and spent.apart > AGREE_POINTS:
        wrong.append(
            f"the SLO series show {spent.slo_ratio or 0:.2%} errors, but the drill counted {spent.answered_ratio:.2%}"
        )
    return wrong
