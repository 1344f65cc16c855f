"""The queries that a page may send: a batch, each of a kind that its server supports, within limits."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_QUERIES = 60
MAX_POINTS = 2_000
MAX_LINES = 500
MAX_SPAN_SECONDS = 45 * 24 * 3600
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_KINDS = {
    "prometheus": ("range", "instant", "labels", "exemplars"),
    "loki": ("range", "instant", "logs"),
    "jaeger": ("trace",),
}

Text = Annotated[str, Field(max_length=8_000)]


class Query(BaseModel):
    """One query; times in seconds since the epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(max_length=60)]
    source: Literal["prometheus", "loki", "jaeger"]
    kind: Literal["range", "instant", "logs", "labels", "exemplars", "trace"]
    expr: Text = ""
    label: Annotated[str, Field(max_length=100)] = ""
    start: Annotated[float, Field(ge=0, le=4e9)]
    end: Annotated[float, Field(ge=0, le=4e9)]
    step: Annotated[float, Field(gt=0, le=86_400)] = 15.0
    limit: Annotated[int, Field(ge=1, le=MAX_LINES)] = 100

    @model_validator(mode="after")
    def _is_known(self) -> Query:
        if self.kind not in _KINDS[self.source]:
            raise ValueError(f"{self.source} supports the query kinds {', '.join(_KINDS[self.source])}")
        if self.kind == "labels" and not _LABEL.fullmatch(self.label):
            raise ValueError("label must be a valid label name")
        return self

    @model_validator(mode="after")
    def _is_bounded(self) -> Query:
        span = self.end - self.start
        if not 0 <= span <= MAX_SPAN_SECONDS:
            raise ValueError("end must be after start, by at most 45 days")
        if span / self.step > MAX_POINTS:
            raise ValueError(f"at most {MAX_POINTS} points: increase the step")
        return self


class Batch(BaseModel):
    """The queries of one request from a page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queries: Annotated[list[Query], Field(min_length=1, max_length=MAX_QUERIES)]

    @model_validator(mode="after")
    def _has_unique_ids(self) -> Batch:
        if len({query.id for query in self.queries}) < len(self.queries):
            raise ValueError("the queries' ids must be unique, because they identify the results")
        return self
