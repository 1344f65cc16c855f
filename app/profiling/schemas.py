"""Profiles as the API shows them."""

from __future__ import annotations

from app.schemas import Output

PATH_PROFILE = {"request_id": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,128}$"}}


class ProfileAnswer(Output):
    """A request that was profiled. ``seconds``: how long the application had it."""

    request_id: str
    at: str
    method: str
    route: str
    status: int
    seconds: float
    replica: str


class ProfileList(Output):
    """The newest first."""

    items: list[ProfileAnswer]
