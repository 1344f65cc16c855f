"""The shop's settings, from the environment, checked before anything is connected."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from observability.settings import WrongSetting, read_secret


@dataclass(frozen=True)
class Settings:
    """Where the shop's dependencies are, and how long it waits for them (seconds)."""

    mongo_url: str = "mongodb://127.0.0.1:27017/?directConnection=true"
    mongo_database: str = "shop"
    redis_url: str = "redis://127.0.0.1:6379/0"
    payments_url: str = "http://127.0.0.1:8100"
    smtp_url: str = "smtp://127.0.0.1:1025"
    queue: str = "orders"
    mongo_pool: int = 20
    mongo_patience: float = 2.0
    redis_patience: float = 0.5
    payments_patience: float = 10.0
    smtp_patience: float = 3.0
    cache_seconds: int = 60
    admin_email: str = ""
    admin_password: str = field(default="", repr=False)
    circuit_seconds: float = 10.0
    jobs_per_fork: int = 500
    """A fork and new clients cost more than an order does (docs/performance.md); 1 is RQ's own way."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read and check every setting.

        Raises:
            WrongSetting: the first one that is not allowed.
        """
        env = os.environ if env is None else env
        default = cls()
        return cls(
            mongo_url=_url(env, "MONGO_URL", default.mongo_url, "mongodb", "mongodb+srv"),
            mongo_database=_name(env, "MONGO_DATABASE", default.mongo_database),
            redis_url=_url(env, "REDIS_URL", default.redis_url, "redis", "rediss", "unix"),
            payments_url=_url(env, "PAYMENTS_URL", default.payments_url, "http", "https").rstrip("/"),
            smtp_url=_url(env, "SMTP_URL", default.smtp_url, "smtp"),
            queue=_name(env, "QUEUE", default.queue),
            mongo_pool=int(_number(env, "MONGO_POOL", default.mongo_pool, 1, 1000)),
            mongo_patience=_number(env, "MONGO_PATIENCE", default.mongo_patience, 0.1, 4),
            redis_patience=_number(env, "REDIS_PATIENCE", default.redis_patience, 0.05, 4),
            payments_patience=_number(env, "PAYMENTS_PATIENCE", default.payments_patience, 0.1, 12),
            smtp_patience=_number(env, "SMTP_PATIENCE", default.smtp_patience, 0.1, 10),
            cache_seconds=int(_number(env, "CACHE_SECONDS", default.cache_seconds, 1, 86_400)),
            admin_email=env.get("ADMIN_EMAIL", default.admin_email),
            admin_password=read_secret(env, "ADMIN_PASSWORD", 12) or "",
            circuit_seconds=_number(env, "CIRCUIT_SECONDS", default.circuit_seconds, 0.1, 600),
            jobs_per_fork=int(_number(env, "JOBS_PER_FORK", default.jobs_per_fork, 1, 100_000)),
        )


def _url(env: Mapping[str, str], name: str, default: str, *schemes: str) -> str:
    value = env.get(name, default)
    allowed = f"a URL that begins with {' or '.join(scheme + '://' for scheme in schemes)}"
    try:
        parts = urlsplit(value)
        port_is_fine = parts.scheme.startswith("mongodb") or parts.port is None or parts.port > 0
    except ValueError:
        raise WrongSetting(name, _without_password(value), allowed) from None
    if parts.scheme not in schemes or not (parts.netloc or parts.path) or not port_is_fine:
        raise WrongSetting(name, _without_password(value), allowed)
    return value


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('://')[0]}://…@{tail}" if at else url


def _name(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    if not value or len(value) > 60 or not value.replace("-", "").replace("_", "").isalnum():
        raise WrongSetting(name, value, "a name of letters, digits, '-' and '_'")
    return value


def _number(env: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    value = env.get(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise WrongSetting(name, value, f"a number from {low} to {high}")
    return number
