"""The gateway's settings, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from observability.settings import WrongSetting, read_port


@dataclass(frozen=True)
class Limits:
    """Limits of one query (seconds, lines, series, points) and of the number of concurrent queries."""

    seconds: int = 30
    lines: int = 5_000
    scanned: int = 2_000_000
    series: int = 500
    points: int = 11_000
    concurrent: int = 4
    waiting: int = 16
    tails: int = 10


@dataclass(frozen=True)
class GatewaySettings:
    """Where it listens, where the store is, and its limits."""

    host: str = "127.0.0.1"
    port: int = 3100
    threads: int = 80
    store_url: str = "http://127.0.0.1:9428"
    max_body: int = 32 * 1024 * 1024
    limits: Limits = Limits()

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> GatewaySettings:
        """Read the settings. Raises ``WrongSetting``, which names the variable, its value and what is allowed."""
        env = os.environ if env is None else env
        default, limits = cls(), Limits()
        url = (env.get("VICTORIALOGS_URL") or default.store_url).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise WrongSetting("VICTORIALOGS_URL", url, "a URL that begins with http:// or https://")
        return cls(
            host=env.get("HOST") or default.host,
            port=read_port(env, "PORT", default.port),
            threads=_whole(env, "THREADS", default.threads, 32, 512),
            store_url=url,
            max_body=_whole(env, "LOG_GATEWAY_MAX_BODY_BYTES", default.max_body, 1024, 2**30),
            limits=Limits(
                seconds=_whole(env, "LOG_GATEWAY_QUERY_SECONDS", limits.seconds, 1, 600),
                lines=_whole(env, "LOG_GATEWAY_MAX_LINES", limits.lines, 1, 100_000),
                scanned=_whole(env, "LOG_GATEWAY_MAX_SCANNED_LINES", limits.scanned, 1_000, 10**9),
                series=_whole(env, "LOG_GATEWAY_MAX_SERIES", limits.series, 1, 100_000),
                points=_whole(env, "LOG_GATEWAY_MAX_POINTS", limits.points, 1, 100_000),
                concurrent=_whole(env, "LOG_GATEWAY_CONCURRENT_QUERIES", limits.concurrent, 1, 64),
                waiting=_whole(env, "LOG_GATEWAY_WAITING_QUERIES", limits.waiting, 0, 256),
                tails=_whole(env, "LOG_GATEWAY_TAILS", limits.tails, 0, 64),
            ),
        )


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = env.get(name) or str(default)
    if not (value.isascii() and value.isdecimal()) or not low <= int(value) <= high:
        raise WrongSetting(name, value, f"a whole number from {low} to {high}")
    return int(value)
