"""The runner waits for quiet, loads, injects, watches, clears and counts, with a simulated clock."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pymongo.errors import ServerSelectionTimeoutError

from lab.clients.errors import RunFailed
from lab.drills.interfaces import Orders, Tally
from lab.drills.run.result import Result
from lab.drills.run.runner import OPENERS, Runner
from lab.drills.watch.watcher import Watcher
from tests.rules.files import ALERTS
from tests.unit.lab.drills.world import BEGAN, FakeWorld, Story, drill


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


def runner(fake: FakeWorld, said: list[str] | None = None) -> Runner:
    watcher = Watcher(fake.observatory, fake.clock, lambda event: None)
    return Runner(fake.world, watcher, (said if said is not None else []).append)


def run(fake: FakeWorld, **changes: Any) -> Result:
    return runner(fake).run(drill(**changes))


def test_all_as_declared(fake: FakeWorld) -> None:
    """Times are counted from the fault, and those of the resolution from the clearing.

    There is one page, and it is not false.
    """
    result = run(fake)
    assert result.wrong == ()
    (notified,) = result.alerts
    assert (notified.detect, notified.notify, notified.mail, notified.resolve, notified.mail_resolve) == (
        15.0,
        20.0,
        20.0,
        40.0,
        40.0,
    )
    assert (result.pages, result.false_pages, result.cleared, result.busy) == (1, (), 30.0, 1.2)
    assert fake.injector.begun == [("stop api-1", 225.0)]
    assert not fake.shoppers.running


def test_it_warms_up_before_anything_is_broken(fake: FakeWorld) -> None:
    """The fault begins after the load has run for the declared warm-up time."""
    result = run(fake, load={"warm": 25})
    assert result.began == BEGAN + 25
    assert fake.shoppers.loads[0].warm == 25


def test_it_stays_broken_until_the_notification(fake: FakeWorld) -> None:
    """The fault lasts until the notification, and no longer if it has lasted long enough."""
    fake.expect(Story(notified=44.0))
    assert run(fake).cleared == 44.0


def test_it_is_not_waited_for_beyond_what_is_allowed(fake: FakeWorld) -> None:
    """A notification that does not arrive in time is reported, and the fault is cleared."""
    fake.expect(Story(notified=None, over=None))
    result = run(fake)
    assert result.wrong == ("ApiDown sent no notification",)
    assert result.cleared == 45.0


def test_what_comes_late_is_reported_as_late(fake: FakeWorld) -> None:
    """A notification after the fault is cleared counts and is reported as late."""
    fake.expect(Story(notified=50.0))
    assert run(fake).wrong == ("ApiDown notified after 50 s, the limit is 45 s",)


def test_a_page_that_comes_after_all_is_over_is_false(fake: FakeWorld) -> None:
    """A page after the drill's alerts have resolved is false, which is why the runner watches for a while longer."""
    fake.expect(Story(), Story("OrdersStuck", notified=75.0, fires=70.0))
    assert run(fake).wrong == ("unexpected page: OrdersStuck",)


def test_what_is_found_and_what_is_not(fake: FakeWorld) -> None:
    """Evidence is searched for while the fault is on, and evidence on a silent server is not found."""
    fake.observatory.silent = {"has_span"}
    find = [
        {"what": "the line", "log": '{service_name="api"}'},
        {"what": "the span", "trace": {"service": "api"}},
        {"what": "the number", "metric": "up == 0"},
    ]
    fake.observatory.numbers["up == 0"] = [0.0]
    result = run(fake, find=find)
    assert [one.found for one in result.finds] == [True, False, True]
    assert result.wrong == ("not found: the span (traces of api)",)
    # 30 s, and 45 s more to search for it.
    assert result.cleared == 75.0


def test_a_fault_that_cannot_be_begun(fake: FakeWorld) -> None:
    """A fault that cannot be injected ends the drill, undoes what was done and stops the load."""
    fake.injector.failure = RunFailed("this shop has no fault x.")
    with pytest.raises(RunFailed, match="no fault x"):
        run(fake)
    assert fake.injector.clearings == 1
    assert not fake.shoppers.running


def test_ctrl_c_clears_the_fault(fake: FakeWorld) -> None:
    """Ctrl-C in the middle of a drill clears the fault and stops the load."""

    def press() -> None:
        if fake.injector.broken is not None and fake.injector.cleared is None:
            raise KeyboardInterrupt

    fake.clock.each = press
    with pytest.raises(KeyboardInterrupt):
        run(fake)
    assert fake.injector.cleared is not None
    assert not fake.shoppers.running


def test_it_waits_for_quiet(fake: FakeWorld) -> None:
    """No fault is injected before the stack is healthy, and the reason for the wait is printed."""
    said: list[str] = []
    fake.observatory.wrong = ["mongo is starting"]

    def heal() -> None:
        if fake.clock.now() > BEGAN + 30:
            fake.observatory.wrong = []

    fake.clock.each = heal
    result = runner(fake, said).run(drill())
    assert said[0] == "waiting: mongo is starting"
    assert result.began > BEGAN + 40
    assert result.passed


@pytest.mark.parametrize(
    ("number", "value", "reason"),
    [
        ("process_start_time", [30.0], "Prometheus has been running for only 30 s"),
        ('severity="page"', [1.0], "still firing: a page"),
        ("IncidentOpen", [1.0], "the last incident is still open"),
    ],
)
def test_quiet_that_does_not_come(fake: FakeWorld, number: str, value: list[float], reason: str) -> None:
    """After 15 minutes without a quiet stack the runner gives up with the reason and injects nothing."""
    fake.observatory.numbers |= {number: value}
    with pytest.raises(RunFailed, match=f"not ready after 900 s: {reason}"):
        run(fake, expect={"page": {"alert": "OrdersStuck", "within": 45}})
    assert fake.injector.begun == []
    assert fake.shoppers.loads == []


def test_what_the_last_incident_does_not_mute_need_not_wait_for_it(fake: FakeWorld) -> None:
    """Drills that an open incident does not inhibit do not wait for its end.

    These are drills without a page and causes that open their own incident.
    """
    fake.observatory.numbers["IncidentOpen"] = [1.0]
    assert run(fake).passed
    silent = FakeWorld()
    silent.observatory.numbers["IncidentOpen"] = [1.0]
    silent.expect()
    assert run(silent, expect={}).passed


def test_which_open_an_incident_of_their_own() -> None:
    """The runner's list of alerts that open an incident is the same as that of the rules."""
    groups = yaml.safe_load((ALERTS / "rules" / "incidents.yml").read_text())["groups"]
    (rule,) = [one for one in groups[0]["rules"] if one.get("record") == "incident:next_alerts:rank"]
    assert f'alertname=~"{"|".join(sorted(OPENERS))}"' in sorted_names(rule["expr"])


def sorted_names(expression: str) -> str:
    return re.sub(r'(?<==~")([A-Za-z|]+)', lambda found: "|".join(sorted(found[1].split("|"))), expression)


def test_dead_letters_are_retried_when_they_are_expected(fake: FakeWorld) -> None:
    """Expected dead letters are retried after the fault is cleared, as an operator would do.

    Other dead letters are left unchanged.
    """
    run(fake, cost={"dead_letters": True})
    assert fake.shoppers.revived == 1
    run(FakeWorld())
    assert fake.shoppers.revived == 1


def test_the_player_decides_when_it_ends(fake: FakeWorld) -> None:
    """The player decides when the fault ends.

    The player's callback gets the seconds since the fault, and the runner waits for nothing else.
    """
    asked: list[float] = []

    def enough(age: float) -> bool:
        asked.append(age)
        return age >= 7

    result = runner(fake).run(drill(), enough)
    assert result.cleared == 7.0
    assert asked == sorted(asked)


def test_ledgers_that_cannot_be_read(fake: FakeWorld) -> None:
    """Ledgers that cannot be read fail the drill, because an order may be lost."""
    fake.shoppers.unreadable = ServerSelectionTimeoutError("no primary")
    with pytest.raises(RunFailed, match="ledgers cannot be read: ServerSelectionTimeoutError"):
        run(fake)


def test_what_it_cost(fake: FakeWorld) -> None:
    """The cost is the share of the month's error budget.

    It is the failure ratio, times the share of the month, divided by the ratio that may fail.
    """
    fake.shoppers.counted = Tally(requests=200, failed=50, answered=200, answered_failed=50)
    fake.shoppers.orders = Orders(placed=60, confirmed=60, delayed=3, slowest=41.0)
    fake.observatory.numbers["slo:sli_error:ratio_rate30m"] = [0.2501]
    spent = run(fake).spent
    assert (spent.orders, spent.delayed, spent.slowest_order) == (60, 3, 41.0)
    # 10 s of warm-up, 30 s of fault, 40 s until the alert has resolved, and 20 s afterwards.
    assert spent.seconds == 100.0
    assert spent.budget_share == pytest.approx(0.25 * 100 / (30 * 86400) / 0.001)
    assert spent.apart == pytest.approx(0.01)
