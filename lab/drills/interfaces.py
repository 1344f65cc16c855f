"""What the runner needs of the world. The real ones are beside it; tests give fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.drills.spec.model import Fault, Load, SpanWanted


class NoAnswer(Exception):
    """A server did not answer, or not as it should; says which in one line."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """An alert as Prometheus holds it. ``state``: pending or firing. Times are seconds since the epoch."""

    name: str
    state: str
    since: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """An item of the inbox as the console shows it."""

    id: int
    at: float
    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    """What the light load saw in a span of time. ``answered``: by the API itself; the rest came from before it."""

    requests: int = 0
    failed: int = 0
    """5xx, or no answer."""
    answered: int = 0
    answered_failed: int = 0
    slowest: float = 0.0
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Failed of all."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def answered_ratio(self) -> float:
        """Failed of those that the API answered: what its own metrics can know."""
        return self.answered_failed / self.answered if self.answered else 0.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What became of the drill's orders. ``lost``: promised, and not there or not at their end."""

    placed: int = 0
    confirmed: int = 0
    delayed: int = 0
    failed: int = 0
    dead_letters: int = 0
    lost: int = 0
    slowest: float = 0.0
    """The longest from promise to end, seconds."""
    violations: tuple[str, ...] = ()


class Clock(Protocol):
    """Time, as one can also fake it."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


class Observatory(Protocol):
    """The servers that a person on call would look at. Every method raises ``NoAnswer``."""

    def alerts(self) -> Sequence[AlertState]:
        """Pending and firing alerts."""

    def messages(self, after: int) -> Sequence[Message]:
        """The inbox after this id, oldest first."""

    def newest_message(self) -> int:
        """The id of the newest item of the inbox, 0 if it is empty."""

    def log_lines(self, query: str, start: float, end: float) -> int:
        """How many lines match."""

    def has_span(self, wanted: SpanWanted, start: float, end: float) -> bool:
        """Whether there is such a trace."""

    def values(self, query: str) -> Sequence[float]:
        """The values of an instant query."""

    def busy(self) -> float:
        """Processes that run or wait to, per core of the machine, averaged over a minute."""

    def unhealthy(self) -> Sequence[str]:
        """What is not as it should be, in words; nothing if all runs."""


class Breaker(Protocol):
    """Breaks and mends. What is broken mends by itself after ``seconds`` even if this process dies."""

    def begin(self, fault: Fault, seconds: float) -> None:
        """Break it; raises ``DrillFailed`` if that cannot be done."""

    def mend(self) -> None:
        """Undo all; may be called again and when nothing is broken."""


class Shoppers(Protocol):
    """The light load, which counts what it does."""

    def start(self, load: Load) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; returns when no request is under way any more."""

    def tally(self, start: float, end: float) -> Tally:
        """What was seen between two moments."""

    def revive(self) -> None:
        """Retry the dead letters that there are, as a person does after mending; raises ``NoAnswer``."""

    def settle(self, seconds: float) -> Orders:
        """Ask again for what was not answered, wait for all orders to come to their end, and check the books."""


@dataclass(frozen=True, slots=True)
class World:
    """All of it."""

    clock: Clock
    observatory: Observatory
    breaker: Breaker
    shoppers: Shoppers
    alone: bool = True
    """Whether nobody else uses the shop, so that counts can be compared."""
