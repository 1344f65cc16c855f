"""Settings of the generated traffic, read once from the environment and checked."""

from __future__ import annotations

from dataclasses import dataclass

from glasshouse_observability.settings import FromEnv, Number, Url, Whole, setting

MOST_SHOPPERS = 50


@dataclass(frozen=True, slots=True)
class Settings(FromEnv):
    """``api_url`` has no trailing slash. ``pace`` divides every pause: 2 doubles the traffic."""

    api_url: str = setting("API_URL", Url("http", "https"), "http://127.0.0.1:8000", "the shop's address")
    shoppers: int = setting("TRAFFIC_SHOPPERS", Whole(1, MOST_SHOPPERS), 3, "number of shoppers")
    pace: float = setting("TRAFFIC_PACE", Number(0.1, 20), 1.0, "speed of the shoppers; 2 doubles the traffic")
