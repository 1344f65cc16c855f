"""The results of evaluation. The HTTP API turns them into Loki's JSON."""

from __future__ import annotations

from dataclasses import dataclass

from log_gateway.source import Labels


@dataclass(frozen=True, slots=True)
class Stream:
    """Lines with the same labels: (timestamp in nanoseconds, line), in the requested direction."""

    labels: Labels
    entries: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Series:
    """Points of a matrix: (timestamp in nanoseconds, value). Times without a value are omitted."""

    labels: Labels
    points: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of a vector."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class VectorResult:
    """Samples at a single time. Their order is meaningful after sort, topk and similar functions."""

    timestamp: int
    samples: list[Sample]


@dataclass(frozen=True, slots=True)
class ScalarResult:
    """A number at a single time."""

    timestamp: int
    value: float
