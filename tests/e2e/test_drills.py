"""Run the quick fire drills on the real stack and check the notifications, their delay and the outage's cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from lab.chaos.report import Progress
from lab.clients.running_stack import RunningStack
from lab.drills.inject.injector import InstanceInjector
from lab.drills.interfaces import World
from lab.drills.report.tables import table
from lab.drills.report.words import clock, event_line
from lab.drills.run.result import Result
from lab.drills.run.runner import Runner
from lab.drills.session import Session
from lab.drills.spec.reader import chosen, scenarios
from lab.drills.traffic.light import LightLoad
from lab.drills.watch.servers import RealClock, Servers
from lab.drills.watch.timeline import Event
from lab.drills.watch.watcher import Watcher
from tests.e2e.conftest import Stack, running


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Run the quick set once on an instance that has not sent a page yet.

    Prometheus reports a resolved alert again each minute for 15 minutes, and each time Alertmanager keeps its group for
    30 s. An alert that joins the group is notified up to 30 s later than the first alert of a new group.
    """
    with running(tmp_path_factory.mktemp("drilled") / "state") as stack:
        return drilled(stack, tmp_path_factory.mktemp("drills"))


def drilled(stack: Stack, directory: Path) -> Session:
    """Run the quick set on ``stack``. Its orders are not checked against the whole stock."""
    console = Console(width=200, highlight=False)
    instance = RunningStack(stack.state_dir, stack.env)
    session = Session.under(directory)

    def record(event: Event) -> None:
        session.record(event)
        console.print(f"{clock(event.at)}  {event_line(event)}", markup=False)

    observatory, time = Servers(instance), RealClock()
    world = World(time, observatory, InstanceInjector(instance), LightLoad(instance, alone=False), alone=False)
    session.run(
        Runner(world, Watcher(observatory, time, record), Progress(console).say),
        # The outage with the shortest limit is first: the end of another incident may delay its page on a busy machine.
        chosen(scenarios(), ["total-outage", "quick"]),
    )
    console.print(table(session.results))
    return session


def result(session: Session, name: str) -> Result:
    assert session.failed == []
    return next(result for result in session.results if result.name == name)


def test_all_is_as_declared(session: Session) -> None:
    """Each drill's alert is notified in time by webhook and e-mail and resolved, without other pages or lost orders."""
    assert session.failed == []
    assert session.late == []
    assert {result.name: result.wrong for result in session.results} == {
        drill.name: () for drill in chosen(scenarios(), ["quick"])
    }


def test_a_total_outage_is_notified_within_45_seconds(session: Session) -> None:
    """Without both replicas there is one page for the cause, resolved within six minutes, and no order is lost."""
    outage = result(session, "total-outage")
    (notified,) = outage.alerts
    assert notified.alert == "ApiDown"
    assert notified.notify is not None
    assert notified.notify <= 45
    assert notified.mail is not None
    assert notified.resolve is not None
    assert notified.resolve <= 360
    assert (outage.pages, outage.false_pages, outage.spent.lost) == (1, (), 0)
    assert outage.spent.orders == outage.spent.confirmed > 0
    assert outage.spent.failed > 0


def test_a_payment_outage_is_notified_within_two_minutes(session: Session) -> None:
    """A payment outage causes one page. Orders placed during the outage wait and are then confirmed."""
    outage = result(session, "payments-stopped")
    (notified,) = outage.alerts
    assert notified.notify is not None
    assert notified.notify <= 120
    assert notified.resolve is not None
    assert notified.resolve <= 360
    assert (outage.pages, outage.false_pages, outage.spent.lost) == (1, (), 0)
    assert outage.spent.orders == outage.spent.confirmed > 0
    # Customers get no errors from this outage.
    assert outage.spent.failed == 0


def test_what_is_kept(session: Session) -> None:
    """The report, a chart for each drill and the result are stored, and the console's page lists the events."""
    directory: Path = session.directory
    kept = json.loads((directory / "result.json").read_text())
    assert [one["name"] for one in kept["drills"]] == [result.name for result in session.results]
    assert all((directory / f"timeline-{result.name}.svg").stat().st_size > 500 for result in session.results)
    kinds = [json.loads(line)["kind"] for line in (directory / "events.jsonl").read_text().splitlines()]
    for kind in ("broken", "firing", "notified", "mailed", "cleared", "resolved"):
        assert kinds.count(kind) >= len(session.results), kind
