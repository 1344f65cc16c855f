"""The limits drawn in panels, which are the limits of the alerts in ``alerts/thresholds.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from grafana.generator.places import OWN_LIMITS

FILE = Path(__file__).resolve().parents[2] / "alerts" / "thresholds.yaml"
GOOD, BAD, PLAIN = "green", "red", "text"


class UnknownThreshold(KeyError):
    """A panel names a threshold that ``alerts/thresholds.yaml`` does not contain."""


@cache
def load(file: Path = FILE) -> dict[str, float]:
    """Return the value of every threshold by its name."""
    entries: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text())
    return {name: float(entry["value"]) for name, entry in entries.items()}


@dataclass(frozen=True)
class Limit:
    """A limit between good and bad values."""

    name: str
    """An entry of ``alerts/thresholds.yaml``, or of ``OWN_LIMITS``."""
    low: bool = False
    """Whether values below the limit are bad, as for free space, hit ratios and budgets."""

    def number(self) -> float:
        """Return the value in the panel's unit."""
        try:
            return OWN_LIMITS[self.name] if self.name in OWN_LIMITS else load()[self.name]
        except KeyError as missing:
            known = ", ".join(sorted(load()))
            raise UnknownThreshold(f"{self.name} is not in {FILE.name}. Known thresholds: {known}") from missing

    def steps(self) -> list[models.Threshold]:
        """Return the steps, with two colours that both themes support."""
        below, above = (BAD, GOOD) if self.low else (GOOD, BAD)
        return [models.Threshold(value=None, color=below), models.Threshold(value=self.number(), color=above)]


def config(limit: Limit | None) -> builders.ThresholdsConfig:
    """Return a panel's thresholds. Without a limit, one neutral step replaces Grafana's default of red from 80."""
    steps = limit.steps() if limit else [models.Threshold(value=None, color=PLAIN)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
