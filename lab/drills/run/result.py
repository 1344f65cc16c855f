"""The result of a drill, which is written to and read from ``result.json``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """Times of an expected alert in seconds from the fault (``resolve``: from its clearing); ``None``: did not happen.

    ``detect``: until it fired in Prometheus. ``notify``, ``mail``: until the inbox had the webhook, the e-mail.
    """

    alert: str
    receiver: str
    allowed: float
    pending: float | None = None
    detect: float | None = None
    notify: float | None = None
    mail: float | None = None
    resolve: float | None = None
    mail_resolve: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Whether the telemetry shows what the scenario expects."""

    what: str
    query: str
    found: bool
    after: float | None = None
    """Seconds from the fault."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of the fault. Ratios are 0 to 1; ``budget_share``: of the month's API availability budget (99.9 %)."""

    seconds: float
    requests: int = 0
    failed: int = 0
    answered_ratio: float = 0.0
    slo_ratio: float | None = None
    """The error ratio of the SLO series for the same time; ``None`` if it was not queried or has no value."""
    budget_share: float = 0.0
    orders: int = 0
    confirmed: int = 0
    delayed: int = 0
    orders_failed: int = 0
    dead_letters: int = 0
    lost: int = 0
    slowest_order: float = 0.0

    @property
    def apart(self) -> float | None:
        """The difference between the two ratios, in percentage points."""
        return None if self.slo_ratio is None else abs(self.slo_ratio - self.answered_ratio) * 100


@dataclass(frozen=True, slots=True)
class Happened:
    """An event for the timeline; ``at``: seconds from the fault."""

    at: float
    kind: str
    alert: str = ""
    text: str = ""
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The verified result of one drill. The drill has passed if ``wrong`` is empty."""

    name: str
    title: str
    fault: str
    began: float
    cleared: float
    """Seconds from the fault."""
    alerts: tuple[AlertTimes, ...]
    pages: int
    false_pages: tuple[str, ...]
    tickets: tuple[str, ...]
    other_tickets: tuple[str, ...]
    finds: tuple[Found, ...]
    spent: Spent
    wrong: tuple[str, ...]
    busy: float = 0.0
    """Runnable processes per core when the fault was cleared: above 1 the times are less exact."""
    events: tuple[Happened, ...] = field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.wrong

    def as_json(self) -> dict[str, Any]:
        """Return the result for ``json.dumps``."""
        return {"passed": self.passed, **asdict(self)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Result:
        """Parse the output of ``as_json``. Raises ``TypeError`` or ``KeyError`` for other content."""
        rest = {key: value for key, value in content.items() if key != "passed"}
        return cls(
            **{
                **rest,
                "alerts": tuple(AlertTimes(**one) for one in rest["alerts"]),
                "finds": tuple(Found(**one) for one in rest["finds"]),
                "events": tuple(Happened(**one) for one in rest["events"]),
                "spent": Spent(**rest["spent"]),
                **{key: tuple(rest[key]) for key in ("false_pages", "tickets", "other_tickets", "wrong")},
            }
        )
