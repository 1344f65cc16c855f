"""Response models of the profile endpoints."""

from __future__ import annotations

from app.schemas import Output

PATH_PROFILE = {"request_id": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,128}$"}}


class ProfileAnswer(Output):
    """A profiled request. ``seconds`` is the time it spent in the application."""

    request_id: str
    at: str
    method: str
    route: str
    status: int
    seconds: float
    replica: str


class ProfileList(Output):
    """Profiled requests, newest first."""

    items: list[ProfileAnswer]
