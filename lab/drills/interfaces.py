"""The interfaces that the runner uses; tests implement them with fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.drills.spec.model import Fault, Load, SpanWanted


@dataclass(frozen=True, slots=True)
class AlertState:
    """An alert in Prometheus. ``state`` is pending or firing. Times are seconds since the epoch."""

    name: str
    state: str
    since: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """An item of the console's inbox."""

    id: int
    at: float
    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    """The light load's counts in a time range. ``answered``: responses of the API; the others are from NGINX."""

    requests: int = 0
    failed: int = 0
    """Requests with 5xx or without a response."""
    answered: int = 0
    answered_failed: int = 0
    slowest: float = 0.0
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ratio of failed to all requests."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def answered_ratio(self) -> float:
        """Ratio of failed to all requests to which the API responded; its own metrics show only these."""
        return self.answered_failed / self.answered if self.answered else 0.0


@dataclass(frozen=True, slots=True)
class Orders:
    """The drill's orders by outcome. ``lost``: accepted, but missing or not in a final state."""

    placed: int = 0
    confirmed: int = 0
    delayed: int = 0
    failed: int = 0
    dead_letters: int = 0
    lost: int = 0
    slowest: float = 0.0
    """The longest time from acceptance to the final state, in seconds."""
    violations: tuple[str, ...] = ()


class Clock(Protocol):
    """A clock; tests use a fake one."""

    def now(self) -> float:
        """Return the seconds since the epoch."""

    def wait(self, seconds: float) -> None:
        """Sleep."""


class Observatory(Protocol):
    """The servers that an engineer on call would query. Every method may raise ``NoAnswer``."""

    def alerts(self) -> Sequence[AlertState]:
        """Return pending and firing alerts."""

    def messages(self, after: int) -> Sequence[Message]:
        """Return the inbox items after this id, oldest first."""

    def newest_message(self) -> int:
        """Return the id of the newest inbox item, 0 if the inbox is empty."""

    def log_lines(self, query: str, start: float, end: float) -> int:
        """Return the number of matching log lines."""

    def has_span(self, wanted: SpanWanted, start: float, end: float) -> bool:
        """Return whether a matching trace exists."""

    def values(self, query: str) -> Sequence[float]:
        """Return the values of an instant query."""

    def busy(self) -> float:
        """Return the number of runnable processes per core, averaged over a minute."""

    def unhealthy(self) -> Sequence[str]:
        """Return the problems as text; empty if everything is running."""


class Injector(Protocol):
    """Injects and clears faults. A fault ends after ``seconds`` even if this process is killed."""

    def begin(self, fault: Fault, seconds: float) -> None:
        """Inject the fault. Raises ``RunFailed`` if that is not possible."""

    def clear(self) -> None:
        """Clear every fault. Idempotent."""


class Shoppers(Protocol):
    """The light load, which counts its requests."""

    def start(self, load: Load) -> None:
        """Start the load."""

    def stop(self) -> None:
        """Stop the load. Returns when no request is in flight."""

    def tally(self, start: float, end: float) -> Tally:
        """Return the counts between two times."""

    def revive(self) -> None:
        """Retry the dead letters, as an operator does after a fault is cleared. Raises ``NoAnswer``."""

    def settle(self, seconds: float) -> Orders:
        """Resend orders without a response, wait until every order is final, and audit the ledgers."""


@dataclass(frozen=True, slots=True)
class World:
    """All interfaces that the runner uses."""

    clock: Clock
    observatory: Observatory
    injector: Injector
    shoppers: Shoppers
    alone: bool = True
    """Whether no other client uses the shop, so that counts can be compared."""
