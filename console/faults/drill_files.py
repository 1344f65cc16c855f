"""The parts of the drill runner's files (``lab/drills/run`` and ``lab/drills/report``) that the page shows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class Event(_Read):
    """A line of ``events.jsonl``. ``kind``: as ``lab.drills.watch.timeline.Kind``."""

    at: str
    kind: str
    alert: str = ""
    text: str = ""
    receiver: str = ""


class AlertTimes(_Read):
    """An expected alert: seconds from the fault (``resolve``: from its end), None if it did not happen."""

    alert: str
    receiver: str
    allowed: float
    detect: float | None = None
    notify: float | None = None
    mail: float | None = None
    resolve: float | None = None


class Spent(_Read):
    """The cost of the drill; ``budget_share`` is the share of the month's error budget for API availability."""

    requests: int = 0
    failed: int = 0
    budget_share: float = 0.0
    orders: int = 0
    delayed: int = 0
    lost: int = 0


class Drilled(_Read):
    """One drill of a run."""

    name: str
    title: str
    fault: str
    passed: bool
    cleared: float
    alerts: tuple[AlertTimes, ...]
    spent: Spent
    wrong: tuple[str, ...]


class ResultFile(_Read):
    """``result.json``."""

    passed: bool
    drills: tuple[Drilled, ...]
    late_pages: tuple[str, ...]
    failed: tuple[str, ...]


class Expected(_Read):
    """An alert that must send a notification within the given number of seconds."""

    alert: str
    within: float


class Expect(_Read):
    """``expect`` of a declaration."""

    page: Expected | None = None
    tickets: tuple[Expected, ...] = ()


class Declared(_Read):
    """A file of ``lab/drills/scenarios``."""

    title: str
    lesson: str
    expect: Expect = Expect()
    lasts: float = 30.0
