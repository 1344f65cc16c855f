"""The schema of a scenario. Times are seconds, rates are per second. Unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ComponentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{2,60}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Value = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Part):
    """The fault: exactly one of ``switch``, ``stop``, ``kill``, ``pause``, ``nothing``."""

    switch: str | None = None
    """A fault of the shop, by ``PUT /api/v1/admin/faults/<switch>``."""
    parameters: dict[str, Value] = {}
    """Parameters of the switch, except ``seconds``, which the runner sets so that the fault expires."""
    stop: tuple[ComponentName, ...] = ()
    """Components that the launcher stops and later starts again."""
    kill: tuple[ComponentName, ...] = ()
    """Components that are killed (``kill -9``); supervisord restarts them."""
    pause: tuple[ComponentName, ...] = ()
    """Components whose processes are paused by SIGSTOP and resumed by SIGCONT."""
    nothing: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        ways = [bool(self.switch), bool(self.stop), bool(self.kill), bool(self.pause), self.nothing]
        if sum(ways) != 1:
            raise ValueError("exactly one of switch, stop, kill, pause, nothing: true is required")
        if self.parameters and not self.switch:
            raise ValueError("parameters are only valid with a switch")
        return self

    def __str__(self) -> str:
        if self.switch:
            with_ = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
            return f"{self.switch} ({with_})" if with_ else self.switch
        for verb in ("stop", "kill", "pause"):
            if names := getattr(self, verb):
                return f"{verb} {' '.join(names)}"
        return "nothing"


class Load(_Part):
    """The light load: reads and orders per second, and its duration before the fault."""

    reads: float = Field(default=3.0, ge=0, le=50)
    orders: float = Field(default=1.0, ge=0, le=20)
    warm: float = Field(default=45.0, ge=0, le=600)


class Expected(_Part):
    """An alert that must send a notification. ``any_of``: or one of these.

    ``within``: from the fault to the notification.
    """

    alert: AlertName
    any_of: tuple[AlertName, ...] = ()
    within: float = Field(gt=0, le=1800)
    resolves: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Every acceptable name."""
        return (self.alert, *self.any_of)


class Expect(_Part):
    """Expected notifications. Without ``page``, no page may be sent."""

    page: Expected | None = None
    tickets: tuple[Expected, ...] = ()
    may: tuple[AlertName, ...] = ()
    """Tickets that may be sent but are not required."""
    resolve: float = Field(default=360.0, gt=0, le=1800)
    """Time from the clearing of the fault to the notification that the alert is resolved."""

    @property
    def alerts(self) -> tuple[Expected, ...]:
        """All expected alerts, the page first."""
        return ((self.page,) if self.page else ()) + self.tickets


class SpanWanted(_Part):
    """A trace that must be found: one span of it matches all conditions."""

    service: str
    name: str | None = None
    """A regular expression, searched in the span's name."""
    of: str | None = None
    """The span's service, if it differs from the service used for the search."""
    attributes: dict[str, str] = {}
    """Regular expression by attribute, searched in the attribute's value as text."""
    longer_than: float | None = Field(default=None, gt=0)
    failed: bool | None = None


class Find(_Part):
    """Telemetry that must exist during the fault: exactly one of ``log`` (LogQL), ``trace``, ``metric`` (PromQL)."""

    what: Text
    log: str | None = None
    trace: SpanWanted | None = None
    metric: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(way is not None for way in (self.log, self.trace, self.metric)) != 1:
            raise ValueError("exactly one of log, trace, metric is required")
        return self


class Cost(_Part):
    """Cost limits. No order may be lost. ``delayed`` and ``failed`` are maximum numbers of orders (unset: any)."""

    delayed: int | None = Field(default=None, ge=0)
    failed: int | None = Field(default=0, ge=0)
    agree: bool = True
    """Whether the SLO series must agree with the drill's counts. False if failed requests never reach the API."""
    dead_letters: bool = False
    """Whether orders may become dead letters, which are retried after the fault is cleared."""


class Drill(_Part):
    """One drill; ``name`` is the file's name."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    title: Text
    lesson: Text
    fault: Fault
    lasts: float = Field(default=30.0, ge=0, le=3600)
    """Minimum duration of the fault; it lasts until every expected alert has notified or its limit has passed."""
    after: float = Field(default=20.0, ge=0, le=3600)
    """How long it is watched after all alerts are resolved; a page in that time is false."""
    load: Load = Load()
    expect: Expect = Expect()
    find: tuple[Find, ...] = ()
    cost: Cost = Cost()
    hints: tuple[Text, ...] = ()
    """Hints for game days, from vague to specific."""
    game: bool = True
    quick: bool = False

    @property
    def longest(self) -> float:
        """Seconds after which the fault expires, even if the runner is killed."""
        limit = max((one.within for one in self.expect.alerts), default=0.0)
        return min(3600.0, max(self.lasts, limit) + 180.0)
