"""The payment service's settings, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from observability.settings import WrongSetting, read_port


@dataclass(frozen=True)
class PaymentSettings:
    """Where it listens, where its ledger is, and what it declines (cents)."""

    host: str = "127.0.0.1"
    port: int = 8100
    threads: int = 4
    mongo_url: str = "mongodb://127.0.0.1:27017/?directConnection=true"
    database: str = "payments"
    limit_cents: int = 1_000_000

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> PaymentSettings:
        """Read the settings. Raises ``WrongSetting``."""
        env = os.environ if env is None else env
        default = cls()
        url = env.get("MONGO_URL", default.mongo_url)
        if not url.startswith(("mongodb://", "mongodb+srv://")):
            raise WrongSetting("MONGO_URL", url, "a URL that begins with mongodb://")
        return cls(
            host=env.get("HOST", default.host),
            port=read_port(env, "PORT", default.port),
            threads=_whole(env, "THREADS", default.threads, 1, 256),
            mongo_url=url,
            database=env.get("MONGO_DATABASE", default.database),
            limit_cents=_whole(env, "PAYMENTS_LIMIT_CENTS", default.limit_cents, 1, 10**12),
        )


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not low <= int(value) <= high:
        raise WrongSetting(name, value, f"a whole number from {low} to {high}")
    return int(value)
