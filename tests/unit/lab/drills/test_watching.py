"""The timeline and the watcher record each event once."""

from __future__ import annotations

import pytest

from lab.drills.interfaces import AlertState, Message
from lab.drills.watch.timeline import Event, Kind, Timeline
from lab.drills.watch.watcher import Watcher
from tests.unit.lab.drills.world import FakeWorld, Story, drill, email, joined, webhook


def state(name: str = "ApiDown", is_firing: bool = False, severity: str = "page", **labels: str) -> AlertState:
    word = "firing" if is_firing else "pending"
    return AlertState(name, word, 10.0, {"alertname": name, "severity": severity, **labels})


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(str(event.kind), event.alert) for event in events]


def test_states_are_recorded_when_they_change() -> None:
    """Pending starts at Prometheus' time, firing and inactive when they were seen, and nothing is recorded twice."""
    timeline = Timeline()
    assert [(e.kind, e.at) for e in timeline.saw([state()], 12.0)] == [(Kind.PENDING, 10.0)]
    assert timeline.saw([state()], 13.0) == []
    assert [(e.kind, e.at) for e in timeline.saw([state(is_firing=True)], 14.0)] == [(Kind.FIRING, 14.0)]
    assert [(e.kind, e.at) for e in timeline.saw([], 20.0)] == [(Kind.INACTIVE, 20.0)]


def test_what_only_pends_and_goes_is_not_cleared() -> None:
    """An alert that was only pending and disappears is not recorded as resolved, because it was never notified."""
    timeline = Timeline()
    timeline.saw([state()], 12.0)
    assert timeline.saw([], 13.0) == []


def test_each_set_of_labels_is_an_alert_of_its_own() -> None:
    """Each set of labels is a separate alert, so that two replicas that are down are two alerts."""
    both = [state("ReplicaDown", instance="api-1"), state("ReplicaDown", instance="api-2")]
    assert [event.text for event in Timeline().saw(both, 12.0)] == ["instance=api-1", "instance=api-2"]


def test_helpers_are_left_out() -> None:
    """Alerts of severity none are left out, because they have no receiver."""
    assert Timeline().saw([state("Watchdog", is_firing=True, severity="none")], 12.0) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (webhook(1, 5.0, "ApiDown"), [("notified", "ApiDown")]),
        (webhook(1, 5.0, "ApiDown", status="resolved"), [("resolved", "ApiDown")]),
        (email(1, 5.0, "ApiDown"), [("mailed", "ApiDown")]),
        (email(1, 5.0, "ApiDown", status="resolved"), [("mailed resolved", "ApiDown")]),
        (
            joined(webhook(1, 5.0, "A1a"), webhook(1, 5.0, "B1b", status="resolved")),
            [("notified", "A1a"), ("resolved", "B1b")],
        ),
        (Message(1, 5.0, "email", {"subject": "Your order is confirmed"}), []),
        (Message(1, 5.0, "something", {}), []),
    ],
)
def test_messages(message: Message, expected: list[tuple[str, str]]) -> None:
    """A webhook contains each of its alerts, an e-mail names them in its subject, and other mail is ignored."""
    assert kinds(Timeline().received([message])) == expected


def test_a_notification_about_several_alerts_is_one() -> None:
    """One notification about several alerts counts as one page."""
    timeline = Timeline()
    timeline.received([joined(webhook(1, 5.0, "ApiDown"), webhook(1, 5.0, "RedisDown")), webhook(2, 6.0, "MongoDown")])
    pages = timeline.notifications("pages")
    assert [[event.alert for event in page] for page in pages] == [["ApiDown", "RedisDown"], ["MongoDown"]]
    assert timeline.notifications("tickets") == []
    assert len(timeline.notifications("pages", after=5.5)) == 1


def test_the_watcher_begins_with_what_is_new() -> None:
    """The watcher ignores older messages in the inbox and sees alerts that are already firing."""
    fake = FakeWorld()
    fake.observatory.inbox.append(webhook(1, 5.0, "Old"))
    seen: list[Event] = []
    watcher = Watcher(fake.observatory, fake.clock, seen.append)
    watcher.look()
    fake.injector.begin(drill().fault, 60)
    fake.clock.wait(20)
    watcher.look()
    watcher.look()
    assert kinds(seen) == [
        ("pending", "ApiDown"),
        ("firing", "ApiDown"),
        ("notified", "ApiDown"),
        ("mailed", "ApiDown"),
    ]
    assert watcher.timeline.events == seen


def test_a_silent_server_is_noted_once() -> None:
    """A silent server is recorded once until it responds again, and the other server is still watched."""
    fake = FakeWorld()
    fake.expect(Story(notified=None))
    fake.observatory.silent = {"messages"}
    seen: list[Event] = []
    watcher = Watcher(fake.observatory, fake.clock, seen.append)
    watcher.look()
    watcher.look()
    fake.observatory.silent = set()
    watcher.look()
    fake.observatory.silent = {"messages"}
    watcher.look()
    assert [event.text for event in seen] == ["messages does not respond"] * 2
