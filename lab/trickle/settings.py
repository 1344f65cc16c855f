"""Settings of the trickle, read once from the environment and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from observability import WrongSetting

MOST_SHOPPERS = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """``api_url`` without a trailing slash; ``pace`` divides every pause: 2 is twice the traffic."""

    api_url: str
    shoppers: int
    pace: float

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``API_URL``, ``TRAFFIC_SHOPPERS``, ``TRAFFIC_PACE``; raises ``WrongSetting``."""
        return cls(_api_url(environ), _shoppers(environ), _pace(environ))


def _api_url(environ: Mapping[str, str]) -> str:
    value = environ.get("API_URL", "").strip() or "http://127.0.0.1:8000"
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise WrongSetting("API_URL", value, "an address such as http://127.0.0.1:8000")
    return value.rstrip("/")


def _shoppers(environ: Mapping[str, str]) -> int:
    value = environ.get("TRAFFIC_SHOPPERS", "").strip() or "3"
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= MOST_SHOPPERS:
        raise WrongSetting("TRAFFIC_SHOPPERS", value, f"a whole number from 1 to {MOST_SHOPPERS}")
    return int(value)


def _pace(environ: Mapping[str, str]) -> float:
    value = environ.get("TRAFFIC_PACE", "").strip() or "1"
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", value) or not 0.1 <= float(value) <= 20:
        raise WrongSetting("TRAFFIC_PACE", value, "a number from 0.1 to 20 (1: as usual)")
    return float(value)
