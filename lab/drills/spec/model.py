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
    """What is broken: exactly one of ``switch``, ``stop``, ``kill``, ``pause``, ``nothing``."""

    switch: str | None = None
    """A fault of the shop, by ``PUT /api/v1/admin/faults/<switch>``."""
    parameters: dict[str, Value] = {}
    """What the switch takes beside ``seconds``, which the runner sets so that the fault ends by itself."""
    stop: tuple[ComponentName, ...] = ()
    """Components that the launcher stops, and starts again."""
    kill: tuple[ComponentName, ...] = ()
    """Components that are killed (``kill -9``); supervision starts them again."""
    pause: tuple[ComponentName, ...] = ()
    """Components whose processes are stopped by SIGSTOP, and go on by SIGCONT."""
    nothing: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        ways = [bool(self.switch), bool(self.stop), bool(self.kill), bool(self.pause), self.nothing]
        if sum(ways) != 1:
            raise ValueError("say exactly one of switch, stop, kill, pause, or nothing: true")
        if self.parameters and not self.switch:
            raise ValueError("parameters belong to a switch")
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
    """The light load: reads and orders a second, how long it runs before anything is broken."""

    reads: float = Field(default=3.0, ge=0, le=50)
    orders: float = Field(default=1.0, ge=0, le=20)
    warm: float = Field(default=45.0, ge=0, le=600)


class Expected(_Part):
    """An alert that must fire and notify. ``any_of``: or one of these.

    ``within``: from the fault to the notification.
    """

    alert: AlertName
    any_of: tuple[AlertName, ...] = ()
    within: float = Field(gt=0, le=1800)
    resolves: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that counts."""
        return (self.alert, *self.any_of)


class Expect(_Part):
    """Expected notifications. Without ``page`` no page may be sent."""

    page: Expected | None = None
    tickets: tuple[Expected, ...] = ()
    may: tuple[AlertName, ...] = ()
    """Tickets that are right too, but may or may not come."""
    resolve: float = Field(default=360.0, gt=0, le=1800)
    """From the clearing of the fault to the notification that the alert is resolved."""

    @property
    def alerts(self) -> tuple[Expected, ...]:
        """All of them, the page first."""
        return ((self.page,) if self.page else ()) + self.tickets


class SpanWanted(_Part):
    """A trace that must be found: one span of it fits everything that is said."""

    service: str
    name: str | None = None
    """A regular expression, searched in the span's name."""
    of: str | None = None
    """The service whose span it is, if it is another than the one by which the trace is searched."""
    attributes: dict[str, str] = {}
    """Attribute to a regular expression, searched in its value as text."""
    longer_than: float | None = Field(default=None, gt=0)
    failed: bool | None = None


class Find(_Part):
    """What the telemetry shows during the fault: exactly one of ``log`` (LogQL), ``trace``, ``metric`` (PromQL)."""

    what: Text
    log: str | None = None
    trace: SpanWanted | None = None
    metric: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(way is not None for way in (self.log, self.trace, self.metric)) != 1:
            raise ValueError("say exactly one of log, trace, metric")
        return self


class Cost(_Part):
    """What it may cost. Lost orders: always none. ``delayed``/``failed``: how many orders at most (left out: any)."""

    delayed: int | None = Field(default=None, ge=0)
    failed: int | None = Field(default=0, ge=0)
    agree: bool = True
    """The SLO series must agree with the drill's own counts. False where what failed never reached the API."""
    dead_letters: bool = False
    """Whether orders may become dead letters; they are retried after the fault is cleared."""


class Drill(_Part):
    """One drill. ``name`` is the file's."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    title: Text
    lesson: Text
    fault: Fault
    lasts: float = Field(default=30.0, ge=0, le=3600)
    """Minimum duration of the fault; it lasts until every expected alert has notified, or its limit has passed."""
    after: float = Field(default=20.0, ge=0, le=3600)
    """How long it is watched after everything is over: a page in that time is a false one."""
    load: Load = Load()
    expect: Expect = Expect()
    find: tuple[Find, ...] = ()
    cost: Cost = Cost()
    hints: tuple[Text, ...] = ()
    """For the game, from vague to plain."""
    game: bool = True
    quick: bool = False

    @property
    def longest(self) -> float:
        """Seconds after which the fault ends by itself, even if the runner dies."""
        limit = max((one.within for one in self.expect.alerts), default=0.0)
        return min(3600.0, max(self.lasts, limit) + 180.0)
