"""The interfaces that the runner uses; tests implement them with fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.drills.spec.model import Fault, Load, SpanWanted


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
    """The drill's orders by outcome. ``lost``: accepted, and missing or not in a final state."""

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
    """Time; tests fake it."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


class Observatory(Protocol):
    """The servers that an engineer on call would query. Every method raises ``NoAnswer``."""

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
        """What is wrong, in words; empty if everything runs."""


class Injector(Protocol):
    """Injects and clears faults. A fault ends after ``seconds`` even if this process dies."""

    def begin(self, fault: Fault, seconds: float) -> None:
        """Inject it. Raises ``RunFailed`` if that is not possible."""

    def clear(self) -> None:
        """Clear every fault; idempotent."""


class Shoppers(Protocol):
    """The light load, which counts what it does."""

    def start(self, load: Load) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; returns when no request is under way any more."""

    def tally(self, start: float, end: float) -> Tally:
        """What was seen between two moments."""

    def revive(self) -> None:
        """Retry the dead letters, as an operator does after the fault is cleared; raises ``NoAnswer``."""

    def settle(self, seconds: float) -> Orders:
        """Resend unanswered orders, wait until every order is final, and audit the ledgers."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the runner uses."""

    clock: Clock
    observatory: Observatory
    injector: Injector
    shoppers: Shoppers
    alone: bool = True
    """Whether no other client uses the shop, so that counts can be compared."""
