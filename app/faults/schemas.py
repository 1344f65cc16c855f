"""Request and response models of the fault endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from app.schemas import Input, Output
from faults.definitions import DEFAULT_SECONDS, FAULTS, LONGEST_SECONDS

Words = Annotated[str, Field(min_length=1, max_length=200, strict=True)]
PATH_FAULT = {"name": {"type": "string", "enum": list(FAULTS)}}


class FaultSwitch(Input):
    """How long the fault lasts, and its parameters. ``GET /api/v1/admin/faults`` lists the parameters of each fault."""

    seconds: StrictInt = Field(default=DEFAULT_SECONDS, ge=1, le=LONGEST_SECONDS)
    percent: Annotated[float, Field(strict=True)] | None = None
    milliseconds: StrictInt | None = None
    per_second: StrictInt | None = None
    route: Words | None = None
    instance: Words | None = None


class ParameterAnswer(Output):
    """The allowed values of a parameter."""

    allowed: str
    default: int | float | str | None


class FaultAnswer(Output):
    """A fault and whether it is on. ``until``, ``by`` and ``parameters`` are set while it is on."""

    name: str
    where: Literal["api", "worker", "payments", "agent"]
    what: str
    takes: dict[str, ParameterAnswer]
    available: bool
    on: bool
    until: datetime | None
    by: str | None
    parameters: dict[str, int | float | str]


class FaultList(Output):
    """All faults."""

    items: list[FaultAnswer]
