"""The types of a profile and of the customers' behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MOST_USERS = 5_000
MOST_MINUTES = 240.0
MOST_REQUESTS = 2_000_000
"""A run ends after this many requests in any case."""

LOOKS = ("product", "page", "search", "home", "my_orders", "dead_link")
Range = tuple[float, float]


class WrongProfile(ValueError):
    """The requested profile is invalid; the message states the allowed values."""


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers' behaviour; ``profiles.yaml`` explains the fields."""

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
    """``share`` of the whole time, in which the number of users changes to the fraction ``to`` of all users."""

    share: float
    to: float


@dataclass(frozen=True, slots=True)
class Breaks:
    """A step counts as broken above this share of errors or above this p99."""

    error_share: float
    p99_seconds: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The number of users over ``seconds``. With ``breaks``, it increases in steps until one is broken."""

    name: str
    what: str
    users: int
    seconds: float
    stages: tuple[Stage, ...]
    breaks: Breaks | None = None

    def users_at(self, second: float) -> int:
        """Return the number of users at this time; 0 from the end on."""
        begin, before = 0.0, 0.0
        for stage in self.stages:
            end = begin + stage.share * self.seconds
            if second < end:
                gone = (second - begin) / (end - begin)
                return max(1, round(self.users * (before + (stage.to - before) * gone)))
            begin, before = end, stage.to
        return 0

    def as_json(self) -> dict[str, Any]:
        """Return the profile for the generator's process and for the report."""
        return asdict(self)
