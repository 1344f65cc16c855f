"""What a profile and a behaviour are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MOST_USERS = 5_000
MOST_MINUTES = 240.0
MOST_REQUESTS = 2_000_000
"""A run ends by itself after so many requests, whatever else was asked for."""

LOOKS = ("product", "page", "search", "home", "my_orders", "dead_link")
Range = tuple[float, float]


class WrongProfile(ValueError):
    """What was asked for cannot be done; says what it may be."""


@dataclass(frozen=True, slots=True)
class Customers:
    """How customers behave; the fields are explained in ``profiles.yaml``."""

    think_seconds: Range
    rest_seconds: Range
    steps: tuple[int, int]
    log_in_share: float
    return_share: float
    order_share: float
    lines: tuple[int, int]
    quantity: tuple[int, int]
    poll_seconds: tuple[float, ...]
    looks: Mapping[str, float]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """``share`` of the whole time, in which the number of users moves to ``to`` of all users."""

    share: float
    to: float


@dataclass(frozen=True, slots=True)
class Breaks:
    """When a step counts as broken: above this share of errors, or above this p99."""

    error_share: float
    p99_seconds: float


@dataclass(frozen=True, slots=True)
class Profile:
    """A course of users over ``seconds``. ``breaks``: it goes up by steps and ends at the one that breaks."""

    name: str
    what: str
    users: int
    seconds: float
    stages: tuple[Stage, ...]
    breaks: Breaks | None = None

    def users_at(self, second: float) -> int:
        """How many users there shall be; 0 from the end on."""
        begin, before = 0.0, 0.0
        for stage in self.stages:
            end = begin + stage.share * self.seconds
            if second < end:
                gone = (second - begin) / (end - begin)
                return max(1, round(self.users * (before + (stage.to - before) * gone)))
            begin, before = end, stage.to
        return 0

    def as_json(self) -> dict[str, Any]:
        """For the generator's process and for the report."""
        return asdict(self)
