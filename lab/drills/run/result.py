"""The result of a drill, as it is written to ``result.json`` and read again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """An expected alert. Seconds from the fault (``resolve``: from its clearing); ``None``: it did not happen.

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
    """Whether the telemetry shows what the scenario declares."""

    what: str
    query: str
    found: bool
    after: float | None = None
    """Seconds from the fault."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What it cost. Ratios from 0 to 1; ``budget_share``: of the month's error budget of API availability (99.9 %)."""

    seconds: float
    requests: int = 0
    failed: int = 0
    answered_ratio: float = 0.0
    slo_ratio: float | None = None
    """The SLO series' answer for the same time; ``None`` if it was not asked or has none."""
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
        """How far the two counts are apart, in points (percent)."""
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
    """One drill, verified. It has passed if ``wrong`` is empty."""

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
        """For ``json.dumps``."""
        return {"passed": self.passed, **asdict(self)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Result:
        """Parse ``as_json``'s output. Raises ``TypeError`` or ``KeyError`` for other content."""
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
