"""The windows over which a budget is measured and the tiers of its alerts (``alerts/windows.yaml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from alerts.generator.durations import Duration, seconds
from alerts.generator.errors import WrongFile, refused

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]


class Tier(BaseModel):
    """One alert condition: the rate exceeds ``factor`` times the allowed rate over ``long`` and over ``short``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    severity: Literal["page", "ticket"]
    long: Duration
    short: Duration
    spends: float = Field(gt=0, lt=1)
    """The share of the period's budget that is used up if the condition holds for ``long``."""
    factor: float = Field(gt=0)
    for_: Duration = Field(alias="for")
    keep_firing_for: Duration
    errors: int = Field(ge=1)
    """The minimum number of bad events in ``long`` for an alert to fire."""


class Windows(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period: Duration
    every: Duration
    period_every: Duration
    counted: list[Duration] = Field(min_length=1)
    tiers: dict[Name, Tier] = Field(min_length=1)

    @model_validator(mode="after")
    def _fit(self) -> Windows:
        period = seconds(self.period)
        for name, tier in self.tiers.items():
            if not seconds(tier.short) < seconds(tier.long) < period:
                raise ValueError(f"tiers.{name}: short ({tier.short}) < long ({tier.long}) < period ({self.period})")
            factor = tier.spends * period / seconds(tier.long)
            if abs(factor - tier.factor) > 1e-6 * factor:
                raise ValueError(
                    f"tiers.{name}: spending {tier.spends:g} of {self.period} in {tier.long} is a factor of"
                    f" {factor:g}, not {tier.factor:g}"
                )
        return self

    @property
    def base(self) -> str:
        """Return the window whose recorded rates are used to calculate longer windows."""
        return self.counted[0]

    def below_period(self) -> list[str]:
        """Return every window except the period, shortest first."""
        tiers = self.tiers.values()
        known = {*self.counted, *(tier.long for tier in tiers), *(tier.short for tier in tiers)}
        return sorted(known, key=seconds)


def read(file: Path) -> Windows:
    """Return the windows of a file. Raises ``WrongFile``."""
    try:
        document = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongFile(f"{file}: cannot be read: {error}") from error
    try:
        return Windows.model_validate(document)
    except ValidationError as error:
        raise refused(file, document, "", error) from error
