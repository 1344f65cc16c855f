"""The API's settings, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from limits import parse_many

from glasshouse_observability.settings import REQUIRED, FromEnv, Host, ListOf, Pattern, Port, Secret, Whole, setting
from shop.config import DEFAULT_REDIS_URL, REDIS_URL

MAX_THREADS = 256
SHORTEST_SECRET = 32
LIMIT = Pattern(r"[A-Za-z0-9 /;,|]+", "a limit such as '10 per minute'", check=parse_many)
ORIGIN = Pattern(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", "an origin such as https://shop.example")


@dataclass(frozen=True)
class ApiSettings(FromEnv):
    """Address, threads, tokens and limits of one replica."""

    jwt_secret: str = setting(
        "JWT_SECRET",
        Secret(SHORTEST_SECRET),
        REQUIRED,
        "the key that signs access tokens: random, and the same for every replica",
    )
    host: str = setting("HOST", Host(), "127.0.0.1", "the address that the API listens on")
    port: int = setting("PORT", Port(), 8001, "the port that the API listens on")
    threads: int = setting(
        "THREADS", Whole(1, MAX_THREADS), 16, "number of requests that a replica serves concurrently"
    )
    access_seconds: int = setting(
        "ACCESS_TOKEN_SECONDS", Whole(1, 24 * 3600), 15 * 60, "lifetime of an access token (seconds)"
    )
    refresh_days: int = setting("REFRESH_TOKEN_DAYS", Whole(1, 365), 14, "lifetime of a login (days)")
    limit_orders: str = setting(
        "RATE_LIMIT_ORDERS", LIMIT, "100 per second", "rate limit of orders per account or guest address"
    )
    limit_logins: str = setting("RATE_LIMIT_LOGINS", LIMIT, "10 per minute", "rate limit of log-ins to one account")
    limit_addresses: str = setting(
        "RATE_LIMIT_ADDRESSES",
        LIMIT,
        "600 per minute",
        "rate limit of registrations, log-ins and token refreshes per address",
    )
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS", ListOf(ORIGIN), (), "origins of web pages that may call the API (CORS)"
    )
    limits_url: str = setting(
        "REDIS_URL", REDIS_URL, DEFAULT_REDIS_URL, "the Redis database that counts requests for rate limits"
    )

    @property
    def access_lifetime(self) -> timedelta:
        """Lifetime of an access token: short, because its role is trusted without a database query."""
        return timedelta(seconds=self.access_seconds)

    @property
    def refresh_lifetime(self) -> timedelta:
        """Lifetime of a login."""
        return timedelta(days=self.refresh_days)
