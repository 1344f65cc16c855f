"""What a timeline says about a drill: who was told of what when, and what of it is wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.drills.interfaces import Orders
from lab.drills.run.result import Found, Happened, Result, Spent, Told
from lab.drills.spec.model import Drill, Expected
from lab.drills.watch.timeline import PAGES, TICKETS, Event, Kind, Timeline

AGREE_POINTS = 0.1
MACHINE = ("HostCpuHigh", "HostMemoryLow", "HostDiskFull")
"""Tickets about the machine on which the drill runs, with whatever else does: shown, and never wrong."""
BUDGET = "Burn"
"""What alerts on error budgets end with. Their tickets look back hours, over what earlier drills did: shown too."""


def told_of(timeline: Timeline, expected: Expected, receiver: str, broken: float, mended: float) -> Told:
    """The times of one awaited alert."""

    def seconds(kind: Kind, start: float, to: str = "") -> float | None:
        event = timeline.first(kind, wanted, start, to)
        return None if event is None else round(max(0.0, event.at - start), 1)

    # If there are several names that would do, the one that was told counts.
    first = timeline.first(Kind.TOLD, expected.names, broken, receiver)
    wanted = (first.alert,) if first else expected.names
    return Told(
        alert=wanted[0] if first else expected.alert,
        receiver=receiver,
        allowed=expected.within,
        pending=seconds(Kind.PENDING, broken),
        detect=seconds(Kind.FIRING, broken),
        notify=seconds(Kind.TOLD, broken, receiver),
        mail=seconds(Kind.MAILED, broken),
        resolve=seconds(Kind.OVER, mended, receiver),
        mail_over=seconds(Kind.MAILED_OVER, mended),
    )


def judge(
    drill: Drill, timeline: Timeline, broken: float, mended: float, finds: Sequence[Found], spent: Spent, orders: Orders
) -> Result:
    """The result, with everything that is wrong in words."""
    expect = drill.expect
    timeline = timeline.since(broken - drill.load.warm)
    page = (told_of(timeline, expect.page, PAGES, broken, mended),) if expect.page else ()
    alerts = page + tuple(told_of(timeline, one, TICKETS, broken, mended) for one in expect.tickets)
    pages = [names(told) for told in timeline.notifications(PAGES)]
    right = set(expect.page.names) if expect.page else set()
    false_pages = _surplus(pages, right)
    tickets = sorted({event.alert for told in timeline.notifications(TICKETS) for event in told})
    known = {name for one in expect.tickets for name in one.names} | {*expect.may, *MACHINE}
    others = tuple(name for name in tickets if name not in known and not name.endswith(BUDGET))
    wrong = [
        *_late(expect.alerts, alerts, expect.resolve),
        *(f"a page that should not be: {one}" for one in false_pages),
        *(f"a ticket that should not be: {name}" for name in others),
        *(f"not found: {one.what} ({one.query})" for one in finds if not one.found),
        *_dear(drill, spent, orders),
    ]
    return Result(
        name=drill.name,
        title=drill.title,
        fault=str(drill.fault),
        began=broken,
        mended=round(mended - broken, 1),
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


def names(told: Sequence[Event]) -> str:
    """The alerts of one notification, in words."""
    return ", ".join(sorted({event.alert for event in told}))


def _surplus(pages: Sequence[str], right: set[str]) -> tuple[str, ...]:
    """Pages but the one: those that name another alert, and repetitions of the right one."""
    good = [number for number, page in enumerate(pages) if page in right][:1]
    return tuple(page for number, page in enumerate(pages) if number not in good)


def _late(expected: Sequence[Expected], alerts: Sequence[Told], resolve: float) -> list[str]:
    wrong = []
    for one, told in zip(expected, alerts, strict=True):
        if told.notify is None:
            wrong.append(f"{' or '.join(one.names)} was not told")
            continue
        if told.notify > one.within:
            wrong.append(f"{told.alert} was told after {told.notify:.0f} s, allowed are {one.within:.0f}")
        if told.mail is None:
            wrong.append(f"{told.alert} came by webhook, but not by e-mail")
        if one.resolves and told.resolve is None:
            wrong.append(f"{told.alert} was not told to be over within {resolve:.0f} s")
        elif one.resolves and told.resolve is not None and told.resolve > resolve:
            wrong.append(f"{told.alert} was over after {told.resolve:.0f} s, allowed are {resolve:.0f}")
    return wrong


def _dear(drill: Drill, spent: Spent, orders: Orders) -> list[str]:
    allowed, wrong = drill.cost, list(orders.violations)
    if orders.lost:
        wrong.append(f"{orders.lost} orders were lost")
    if allowed.delayed is not None and orders.delayed > allowed.delayed:
        wrong.append(f"{orders.delayed} orders took more than 30 s, allowed are {allowed.delayed}")
    if allowed.failed is not None and orders.failed > allowed.failed:
        wrong.append(f"{orders.failed} orders failed, allowed are {allowed.failed}")
    if allowed.agree and spent.apart is not None and spent.apart > AGREE_POINTS:
        wrong.append(
            f"the SLO series say {spent.slo_ratio or 0:.2%} failed, the drill counted {spent.answered_ratio:.2%}"
        )
    return wrong
