"""The shop's settings, read from the environment and validated before any connection is made."""

from __future__ import annotations

from dataclasses import dataclass

from glasshouse_observability.client_urls import check_mongo, check_redis
from glasshouse_observability.settings import FromEnv, Pattern, Secret, Text, Url, Whole, setting
from glasshouse_observability.settings.kinds import Seconds

NAME = Pattern(r"[A-Za-z0-9_-]{1,60}", "a name of letters, digits, '-' and '_'")
REDIS_URL = Url("redis", "rediss", "unix", check=check_redis)
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"


@dataclass(frozen=True)
class Settings(FromEnv):
    """The addresses of the shop's dependencies, and how long it waits for them (seconds)."""

    mongo_url: str = setting(
        "MONGO_URL",
        Url("mongodb", "mongodb+srv", check=check_mongo),
        "mongodb://127.0.0.1:27017/?directConnection=true",
        "the URL of the database",
    )
    mongo_database: str = setting("MONGO_DATABASE", NAME, "shop", "the name of the database")
    redis_url: str = setting(
        "REDIS_URL", REDIS_URL, DEFAULT_REDIS_URL, "the Redis database of the cache, the queue and rate limits"
    )
    payments_url: str = setting(
        "PAYMENTS_URL", Url("http", "https"), "http://127.0.0.1:8100", "the URL of the payment service"
    )
    smtp_url: str = setting("SMTP_URL", Url("smtp"), "smtp://127.0.0.1:1025", "the SMTP server for mail")
    queue: str = setting("QUEUE", NAME, "orders", "the RQ queue for orders")
    mongo_pool: int = setting("MONGO_POOL", Whole(1, 1000), 20, "limit of the connections to MongoDB per process")
    mongo_patience: float = setting("MONGO_PATIENCE", Seconds(0.1, 4), 2.0, "time limit for MongoDB (seconds)")
    redis_patience: float = setting("REDIS_PATIENCE", Seconds(0.05, 4), 0.5, "time limit for Redis (seconds)")
    payments_patience: float = setting(
        "PAYMENTS_PATIENCE", Seconds(0.1, 12), 10.0, "time limit for the payment service (seconds)"
    )
    smtp_patience: float = setting("SMTP_PATIENCE", Seconds(0.1, 10), 3.0, "time limit for the mail server (seconds)")
    cache_seconds: int = setting("CACHE_SECONDS", Whole(1, 86_400), 60, "how long products are cached (seconds)")
    admin_email: str = setting(
        "ADMIN_EMAIL", Text(254), "", "e-mail address of the first admin; unset: none is created"
    )
    admin_password: str = setting("ADMIN_PASSWORD", Secret(12), "", "password of the first admin")
    circuit_seconds: float = setting(
        "CIRCUIT_SECONDS", Seconds(0.1, 600), 10.0, "how long the payment circuit stays open (seconds)"
    )
    jobs_per_fork: int = setting(
        "JOBS_PER_FORK", Whole(1, 100_000), 500, "number of jobs that a work horse runs; 1 is RQ's default"
    )
    """A fork and new clients cost more than an order (docs/explanation/performance.md); 1 is RQ's default."""
