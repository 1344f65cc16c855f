"""The shop's settings, from the environment, checked before anything is connected."""

from __future__ import annotations

from dataclasses import dataclass

from observability.client_urls import check_mongo, check_redis
from observability.settings import FromEnv, Pattern, Secret, Text, Url, Whole, setting
from observability.settings.kinds import Seconds

NAME = Pattern(r"[A-Za-z0-9_-]{1,60}", "a name of letters, digits, '-' and '_'")
REDIS_URL = Url("redis", "rediss", "unix", check=check_redis)
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"


@dataclass(frozen=True)
class Settings(FromEnv):
    """Where the shop's dependencies are, and how long it waits for them (seconds)."""

    mongo_url: str = setting(
        "MONGO_URL",
        Url("mongodb", "mongodb+srv", check=check_mongo),
        "mongodb://127.0.0.1:27017/?directConnection=true",
        "where the database is",
    )
    mongo_database: str = setting("MONGO_DATABASE", NAME, "shop", "the database's name")
    redis_url: str = setting("REDIS_URL", REDIS_URL, DEFAULT_REDIS_URL, "where the cache, the queue and limits are")
    payments_url: str = setting(
        "PAYMENTS_URL", Url("http", "https"), "http://127.0.0.1:8100", "where the payment service is"
    )
    smtp_url: str = setting("SMTP_URL", Url("smtp"), "smtp://127.0.0.1:1025", "where mail goes")
    queue: str = setting("QUEUE", NAME, "orders", "the RQ queue of the orders")
    mongo_pool: int = setting("MONGO_POOL", Whole(1, 1000), 20, "most connections to MongoDB")
    mongo_patience: float = setting("MONGO_PATIENCE", Seconds(0.1, 4), 2.0, "how long it waits for MongoDB")
    redis_patience: float = setting("REDIS_PATIENCE", Seconds(0.05, 4), 0.5, "how long it waits for Redis")
    payments_patience: float = setting("PAYMENTS_PATIENCE", Seconds(0.1, 12), 10.0, "how long it waits for payments")
    smtp_patience: float = setting("SMTP_PATIENCE", Seconds(0.1, 10), 3.0, "how long it waits for the mail server")
    cache_seconds: int = setting("CACHE_SECONDS", Whole(1, 86_400), 60, "how long products stay cached (seconds)")
    admin_email: str = setting("ADMIN_EMAIL", Text(254), "", "the first admin's address; unset: none is made")
    admin_password: str = setting("ADMIN_PASSWORD", Secret(12), "", "the first admin's password")
    circuit_seconds: float = setting(
        "CIRCUIT_SECONDS", Seconds(0.1, 600), 10.0, "how long the payment circuit stays open"
    )
    jobs_per_fork: int = setting("JOBS_PER_FORK", Whole(1, 100_000), 500, "jobs that a work horse does; 1: RQ's way")
    """A fork and new clients cost more than an order does (docs/explanation/performance.md); 1 is RQ's own way."""
