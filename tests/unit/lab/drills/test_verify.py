"""Each deviation of a drill from its declaration is reported in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lab.drills.interfaces import Message, Orders
from lab.drills.run.result import Found, Result, Spent
from lab.drills.run.verify import verify
from lab.drills.watch.timeline import Event, Kind, Timeline
from tests.unit.lab.drills.world import drill, email, joined, webhook

BROKEN, CLEARED = 1000.0, 1040.0


def notified(alert: str = "ApiDown", at: float = 1020.0, over: float | None = 1080.0, **of: Any) -> list[Message]:
    """Return the webhook and the e-mail of a notification, and those of its resolution."""
    found = [webhook(int(at), at, alert, **of), email(int(at) + 1, at, alert, **of)]
    if over is not None:
        found += [
            webhook(int(over), over, alert, status="resolved", **of),
            email(int(over) + 1, over, alert, status="resolved", **of),
        ]
    return found


def judged(
    messages: Sequence[Message],
    finds: Sequence[Found] = (),
    spent: Spent | None = None,
    orders: Orders | None = None,
    **changes: Any,
) -> Result:
    timeline = Timeline(
        [Event(BROKEN, Kind.BROKEN), Event(1015.0, Kind.FIRING, "ApiDown"), Event(CLEARED, Kind.CLEARED)]
    )
    timeline.received(messages)
    return verify(drill(**changes), timeline, BROKEN, CLEARED, finds, spent or Spent(100.0), orders or Orders())


def test_as_declared() -> None:
    """A drill that matches its declaration has passed and has no errors."""
    result = judged(notified())
    assert (result.passed, result.wrong, result.pages) == (True, (), 1)
    assert result.alerts[0].notify == 20.0
    assert result.alerts[0].resolve == 40.0


NO_PAGE = {"expect": {}}
TICKET = {"expect": {"tickets": [{"alert": "ReplicaDown", "within": 240}]}}


@pytest.mark.parametrize(
    ("messages", "changes", "wrong"),
    [
        ([], {}, "ApiDown sent no notification"),
        (notified(at=1050.0), {}, "ApiDown notified after 50 s, the limit is 45 s"),
        (notified()[::2], {}, "ApiDown was sent by webhook, but not by e-mail"),
        (notified(over=None), {}, "ApiDown was not resolved within 360 s"),
        (notified(over=1500.0), {}, "ApiDown was resolved after 460 s, the limit is 360 s"),
        (notified() + notified("OrdersStuck", 1030.0), {}, "unexpected page: OrdersStuck"),
        (notified() + notified(at=1035.0, over=1090.0), {}, "unexpected page: ApiDown"),
        (notified(), NO_PAGE, "unexpected page: ApiDown"),
        (notified() + notified("QueueOld", receiver="tickets"), {}, "unexpected ticket: QueueOld"),
        (notified("ReplicaDown", receiver="pages"), TICKET, "ReplicaDown sent no notification"),
        (notified("ReplicaDown", receiver="pages"), TICKET, "unexpected page: ReplicaDown"),
        ([joined(webhook(1, 1020.0, "ApiDown"), webhook(1, 1020.0, "RedisDown"))], {},
         "unexpected page: ApiDown, RedisDown"),
    ],
)  # fmt: skip
def test_wrong_notifications(messages: list[Message], changes: dict[str, Any], wrong: str) -> None:
    """Each deviation of a notification is reported.

    It may be missing, late, sent by only one channel, unresolved, resolved late, repeated, undeclared, or sent to the
    wrong receiver.
    """
    result = judged(messages, **changes)
    assert wrong in result.wrong
    assert not result.passed


def test_an_alert_that_does_as_well() -> None:
    """If one of several alerts is acceptable, the one that was notified is verified."""
    page = {"alert": "PaymentsDown", "any_of": ["PaymentsFailing"], "within": 45}
    result = judged(notified("PaymentsFailing"), expect={"page": page})
    assert result.passed
    assert result.alerts[0].alert == "PaymentsFailing"


def test_tickets_that_may_come() -> None:
    """Tickets that are declared as possible are not errors and are listed in the result."""
    result = judged(
        notified() + notified("QueueOld", receiver="tickets"),
        expect=drill().expect.model_dump() | {"may": ["QueueOld"]},
    )
    assert (result.passed, result.tickets, result.other_tickets) == (True, ("QueueOld",), ())


@pytest.mark.parametrize("name", ["HostCpuHigh", "ApiAvailabilityBurn"])
def test_tickets_that_are_not_judged(name: str) -> None:
    """Tickets about the machine and about error budgets are not errors, and pages about them are.

    The machine has other work too, and budgets include earlier drills.
    """
    result = judged(notified() + notified(name, receiver="tickets"))
    assert (result.passed, result.tickets) == (True, (name,))
    assert judged(notified() + notified(name, 1030.0)).wrong == (f"unexpected page: {name}",)


def test_what_need_not_be_over() -> None:
    """An alert that outlasts the drill by design need not resolve."""
    page = {"alert": "ApiDown", "within": 45, "resolves": False}
    assert judged(notified(over=None), expect={"page": page}).passed


def test_what_came_before_the_drill_is_not_its_own() -> None:
    """A page that began before the drill belongs to an earlier drill and is not counted."""
    assert judged(notified("RedisDown", 800.0, 900.0) + notified()).passed


@pytest.mark.parametrize(
    ("given", "cost", "wrong"),
    [
        ({"orders": Orders(lost=2)}, {}, "2 orders were lost"),
        ({"orders": Orders(delayed=1)}, {"delayed": 0}, "1 orders took more than 30 s, the limit is 0"),
        ({"orders": Orders(failed=1)}, {}, "1 orders failed, the limit is 0"),
        ({"orders": Orders(violations=("charged twice: o1",))}, {}, "charged twice: o1"),
        ({"spent": Spent(100.0, answered_ratio=0.05, slo_ratio=0.052)}, {},
         "the SLO series show 5.20% errors, but the drill counted 5.00%"),
        ({"finds": [Found("the line", "{a}", False)]}, {}, "not found: the line ({a})"),
    ],
)  # fmt: skip
def test_cost_above_its_limit(given: dict[str, Any], cost: dict[str, Any], wrong: str) -> None:
    """Each cost above its limit is reported.

    These are lost, late and failed orders, broken ledgers, series that disagree with the count, and lines that were not
    found.
    """
    assert judged(notified(), cost=cost, **given).wrong == (wrong,)


def test_what_is_within_the_limits() -> None:
    """Costs within the limits pass.

    Delays may have no limit, counts may differ by a tenth of a point, and counts need not agree where declared.
    """
    assert judged(notified(), orders=Orders(delayed=9), spent=Spent(1.0, answered_ratio=0.05, slo_ratio=0.0509)).passed
    assert judged(notified(), cost={"agree": False}, spent=Spent(1.0, answered_ratio=0.5, slo_ratio=0.0)).passed
