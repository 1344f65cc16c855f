"""The API's own settings, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from limits import parse_many

from observability.settings import WrongSetting, read_port, read_secret

MAX_THREADS = 256
SHORTEST_SECRET = 32


@dataclass(frozen=True)
class ApiSettings:
    """Address, threads, tokens and limits of one replica."""

    jwt_secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8001
    threads: int = 16
    access_seconds: int = 15 * 60
    refresh_days: int = 14
    limit_orders: str = "100 per second"
    limit_logins: str = "10 per minute"
    limit_addresses: str = "600 per minute"
    cors_origins: tuple[str, ...] = ()
    limits_url: str = "memory://"

    @property
    def access_lifetime(self) -> timedelta:
        """How long an access token opens doors: short, for its role is believed without asking."""
        return timedelta(seconds=self.access_seconds)

    @property
    def refresh_lifetime(self) -> timedelta:
        """How long one stays logged in."""
        return timedelta(days=self.refresh_days)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> ApiSettings:
        """Read the settings. Raises ``WrongSetting``."""
        env = os.environ if env is None else env
        secret = read_secret(env, "JWT_SECRET", SHORTEST_SECRET)
        if secret is None:
            allowed = f"set, or JWT_SECRET_FILE, to {SHORTEST_SECRET} random characters, the same for every replica"
            raise WrongSetting("JWT_SECRET", None, allowed)
        return cls(
            jwt_secret=secret,
            host=env.get("HOST", cls.host),
            port=read_port(env, "PORT", cls.port),
            threads=_whole(env, "THREADS", cls.threads, MAX_THREADS),
            access_seconds=_whole(env, "ACCESS_TOKEN_SECONDS", cls.access_seconds, 24 * 3600),
            refresh_days=_whole(env, "REFRESH_TOKEN_DAYS", cls.refresh_days, 365),
            limit_orders=_limit(env, "RATE_LIMIT_ORDERS", cls.limit_orders),
            limit_logins=_limit(env, "RATE_LIMIT_LOGINS", cls.limit_logins),
            limit_addresses=_limit(env, "RATE_LIMIT_ADDRESSES", cls.limit_addresses),
            cors_origins=_origins(env),
            limits_url=env.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        )


def _whole(env: Mapping[str, str], name: str, default: int, high: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= high:
        raise WrongSetting(name, value, f"a whole number from 1 to {high}")
    return int(value)


def _limit(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    try:
        parse_many(value)
    except ValueError:
        raise WrongSetting(name, value, "a limit such as '10 per minute'") from None
    return value


def _origins(env: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in env.get("CORS_ORIGINS", "").split(",") if origin.strip())
    for origin in origins:
        if origin == "*" or not origin.startswith(("http://", "https://")):
            raise WrongSetting("CORS_ORIGINS", origin, "a list of origins such as https://shop.example, or empty")
    return origins
