"""A simulated world for drills: its clock is a number, and its alerts follow a story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lab.clients.errors import NoAnswer
from lab.drills.interfaces import AlertState, Message, Orders, Tally, World
from lab.drills.spec.model import Drill, Fault, Load, SpanWanted

BEGAN = 1_000_000.0


def drill(**changes: Any) -> Drill:
    """Return a drill that pages ApiDown, with these changes."""
    content: dict[str, Any] = {
        "name": "outage",
        "title": "Nothing answers",
        "lesson": "A cause pages once.",
        "fault": {"stop": ["api-1"]},
        "load": {"warm": 10},
        "expect": {"page": {"alert": "ApiDown", "within": 45}},
    }
    return Drill.model_validate({**content, **changes})


class FakeClock:
    """A clock that advances when it is waited for. ``each`` is called at every wait."""

    def __init__(self) -> None:
        self.at = BEGAN
        self.each: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += max(seconds, 0.001)
        self.each()


class FakeInjector:
    """An injector that records its calls."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.broken: float | None = None
        self.cleared: float | None = None
        self.begun: list[tuple[str, float]] = []
        self.clearings = 0
        self.failure: Exception | None = None

    def begin(self, fault: Fault, seconds: float) -> None:
        if self.failure is not None:
            raise self.failure
        self.begun.append((str(fault), seconds))
        self.broken, self.cleared = self._clock.now(), None

    def clear(self) -> None:
        self.clearings += 1
        if self.broken is not None and self.cleared is None:
            self.cleared = self._clock.now()


@dataclass(frozen=True)
class Story:
    """The times of an alert in seconds from the fault; ``clears`` and ``over`` from its clearing; ``None`` is never."""

    alert: str = "ApiDown"
    receiver: str = "pages"
    pending: float = 5.0
    fires: float = 15.0
    notified: float | None = 20.0
    mailed: bool = True
    clears: float = 30.0
    over: float | None = 40.0


@dataclass
class FakeObservatory:
    """Prometheus and the inbox, with the alerts of the stories."""

    clock: FakeClock
    injector: FakeInjector
    stories: Sequence[Story] = (Story(),)
    lines: int = 1
    spans: bool = True
    numbers: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Methods that do not respond."""
    inbox: list[Message] = field(default_factory=list)
    _sent: set[tuple[int, str]] = field(default_factory=set)

    def alerts(self) -> list[AlertState]:
        self._must("alerts")
        found = []
        for story in self.stories:
            broken, now, cleared = self.injector.broken, self.clock.now(), self.injector.cleared
            if (
                broken is None
                or now < broken + story.pending
                or (cleared is not None and now >= cleared + story.clears)
            ):
                continue
            state = "firing" if now >= broken + story.fires else "pending"
            labels = {"alertname": story.alert, "severity": story.receiver.removesuffix("s"), "service": "api"}
            found.append(AlertState(story.alert, state, broken + story.pending, labels))
        return found

    def messages(self, after: int) -> list[Message]:
        self._must("messages")
        self._receive()
        return [message for message in self.inbox if message.id > after]

    def newest_message(self) -> int:
        self._must("messages")
        return len(self.inbox)

    def log_lines(self, query: str, start: float, end: float) -> int:
        self._must("log_lines")
        return self.lines

    def has_span(self, wanted: SpanWanted, start: float, end: float) -> bool:
        self._must("has_span")
        return self.spans

    def values(self, query: str) -> list[float]:
        self._must("values")
        return next((found for part, found in self.numbers.items() if part in query), [])

    def busy(self) -> float:
        return 1.25

    def unhealthy(self) -> list[str]:
        return self.wrong

    def _must(self, what: str) -> None:
        if what in self.silent:
            raise NoAnswer(f"{what} does not respond")

    def _receive(self) -> None:
        for number, story in enumerate(self.stories):
            if story.notified is not None and _is_past(self.clock, self.injector.broken, story.notified):
                self._deliver(number, story, "firing")
            if story.over is not None and _is_past(self.clock, self.injector.cleared, story.over):
                self._deliver(number, story, "resolved")

    def _deliver(self, number: int, story: Story, status: str) -> None:
        if (number, status) in self._sent:
            return
        self._sent.add((number, status))
        self.inbox.append(webhook(len(self.inbox) + 1, self.clock.now(), story.alert, story.receiver, status))
        if story.mailed:
            self.inbox.append(email(len(self.inbox) + 1, self.clock.now(), story.alert, story.receiver, status))


@dataclass
class FakeShoppers:
    """A load that sends nothing."""

    clock: FakeClock
    orders: Orders = field(default_factory=Orders)
    counted: Tally = field(default_factory=Tally)
    running: bool = False
    loads: list[Load] = field(default_factory=list)
    revived: int = 0
    unreadable: Exception | None = None

    def start(self, load: Load) -> None:
        self.running = True
        self.loads.append(load)

    def stop(self) -> None:
        self.running = False

    def tally(self, start: float, end: float) -> Tally:
        return self.counted

    def revive(self) -> None:
        self.revived += 1

    def settle(self, seconds: float) -> Orders:
        if self.unreadable is not None:
            raise self.unreadable
        return self.orders


@dataclass
class FakeWorld:
    """All fakes, and the ``World`` that consists of them."""

    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.injector = FakeInjector(self.clock)
        self.observatory = FakeObservatory(self.clock, self.injector, numbers={"process_start_time": [3600.0]})
        self.shoppers = FakeShoppers(self.clock)

    @property
    def world(self) -> World:
        return World(self.clock, self.observatory, self.injector, self.shoppers)

    def expect(self, *stories: Story) -> None:
        """Set the alerts that will happen."""
        self.observatory.stories = stories


def webhook(number: int, at: float, alert: str, receiver: str = "pages", status: str = "firing") -> Message:
    """Return Alertmanager's notification about one alert, as the inbox stores it."""
    one = {
        "status": status,
        "labels": {"alertname": alert, "severity": receiver.removesuffix("s")},
        "annotations": {"summary": f"{alert} it is"},
    }
    return Message(number, at, "alert", {"status": status, "receiver": receiver, "alerts": [one]})


def joined(first: Message, *others: Message) -> Message:
    """Return one notification about several alerts."""
    alerts = [alert for message in (first, *others) for alert in message.content["alerts"]]
    status = "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved"
    return replace(first, content={**first.content, "status": status, "alerts": alerts})


def email(number: int, at: float, alert: str, receiver: str = "pages", status: str = "firing") -> Message:
    """Return the e-mail of a notification."""
    word = receiver.removesuffix("s").upper() if status == "firing" else "RESOLVED"
    return Message(number, at, "email", {"subject": f"{word} {alert}: it is so"})


def _is_past(clock: FakeClock, since: float | None, seconds: float) -> bool:
    return since is not None and clock.now() >= since + seconds
