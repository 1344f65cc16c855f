"""The limits drawn in panels: the same numbers that the alerts compare with, from ``alerts/thresholds.yaml``."""

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
    """A panel names a threshold that ``alerts/thresholds.yaml`` does not have."""


@cache
def load(file: Path = FILE) -> dict[str, float]:
    """Every threshold's value by its name."""
    entries: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text())
    return {name: float(entry["value"]) for name, entry in entries.items()}


@dataclass(frozen=True)
class Limit:
    """Where good ends."""

    name: str
    """An entry of ``alerts/thresholds.yaml``, or of ``OWN_LIMITS``."""
    low: bool = False
    """Bad is below the value, not above: free space, hit ratios, budgets."""

    def number(self) -> float:
        """The value, in the panel's unit."""
        try:
            return OWN_LIMITS[self.name] if self.name in OWN_LIMITS else load()[self.name]
        except KeyError as missing:
            known = ", ".join(sorted(load()))
            raise UnknownThreshold(f"{self.name} is not in {FILE.name}, which has {known}") from missing

    def steps(self) -> list[models.Threshold]:
        """Two colours with a meaning, that both themes have."""
        below, above = (BAD, GOOD) if self.low else (GOOD, BAD)
        return [models.Threshold(value=None, color=below), models.Threshold(value=self.number(), color=above)]


def config(limit: Limit | None) -> builders.ThresholdsConfig:
    """The panel's thresholds; without a limit one neutral step, for Grafana would draw 80 in red otherwise."""
    steps = limit.steps() if limit else [models.Threshold(value=None, color=PLAIN)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
