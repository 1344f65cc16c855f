"""Data model of Sloth's ``prometheus/v1`` spec of a service's objectives (https://sloth.dev/specs/default/).

Features of Sloth that this generator does not support are rejected with the reason, never ignored.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

WINDOW = re.compile(r"\{\{\s*\.window\s*\}\}")
RESERVED = {"slo", "service", "tier", "alertname"}

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=63)]
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]
Labels = dict[LabelName, Text]
Annotations = dict[LabelName, Text]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Events(_Part):
    """The queries of all events and of bad events. Each query returns one series."""

    error_query: str
    total_query: str

    @model_validator(mode="after")
    def _windowed(self) -> Events:
        for name in ("error_query", "total_query"):
            if not WINDOW.search(getattr(self, name)):
                raise ValueError(f"{name} must use the range [{{{{.window}}}}], which the generator fills in")
        return self

    def errors(self, window: str) -> str:
        """Return the query of bad events over ``window``."""
        return WINDOW.sub(window, self.error_query).strip()

    def total(self, window: str) -> str:
        """Return the query of all events over ``window``."""
        return WINDOW.sub(window, self.total_query).strip()


class Sli(_Part):
    """The indicator that separates good from bad events."""

    events: Events

    @model_validator(mode="before")
    @classmethod
    def _countable(cls, value: Any) -> Any:
        if isinstance(value, dict) and "raw" in value:
            raise ValueError("raw is a ratio without counts, which cannot be weighted by traffic: use events")
        if isinstance(value, dict) and "plugin" in value:
            raise ValueError("plugins are programs of Sloth: use events, with the queries that the plugin generates")
        return value


class Alert(_Part):
    """Settings that apply only to pages or only to tickets."""

    disable: bool = False
    labels: Labels = {}
    annotations: Annotations = {}


class Alerting(_Part):
    """The alerts of an objective."""

    name: AlertName | None = None
    labels: Labels = {}
    annotations: Annotations = {}
    page_alert: Alert = Alert()
    ticket_alert: Alert = Alert()

    @model_validator(mode="after")
    def _named(self) -> Alerting:
        if self.name is None and not (self.page_alert.disable and self.ticket_alert.disable):
            raise ValueError("name: is required unless page_alert and ticket_alert are disabled")
        return self

    def of(self, severity: str) -> Alert:
        """Return the settings for ``page`` or for ``ticket``."""
        return self.page_alert if severity == "page" else self.ticket_alert


class Slo(_Part):
    """One objective, in percent."""

    name: Name
    objective: Decimal = Field(gt=0, lt=100)
    description: str = ""
    labels: Labels = {}
    sli: Sli
    alerting: Alerting

    @property
    def kept(self) -> Decimal:
        """Return the objective as a ratio."""
        return (self.objective / 100).normalize()

    @property
    def budget(self) -> Decimal:
        """Return the allowed share of bad events."""
        return (1 - self.objective / 100).normalize()


class Spec(_Part):
    """The objectives of a service."""

    version: Literal["prometheus/v1"]
    service: Name
    labels: Labels = {}
    slos: list[Slo] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Spec:
        names = [slo.name for slo in self.slos]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"slos: {', '.join(twice)} is defined twice")
        for labels in (self.labels, *(slo.labels for slo in self.slos)):
            if taken := sorted(RESERVED & labels.keys()):
                raise ValueError(f"labels: {', '.join(taken)} is set by the generator")
        return self
