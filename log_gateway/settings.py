"""The gateway's settings, from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from observability.settings import FromEnv, Host, Port, Url, Whole, nested, setting


@dataclass(frozen=True)
class Limits(FromEnv):
    """Limits of one query (seconds, lines, series, points) and of the number of concurrent queries."""

    seconds: int = setting("LOG_GATEWAY_QUERY_SECONDS", Whole(1, 600), 30, "time limit of a query (seconds)")
    lines: int = setting("LOG_GATEWAY_MAX_LINES", Whole(1, 100_000), 5_000, "most lines in an answer")
    scanned: int = setting(
        "LOG_GATEWAY_MAX_SCANNED_LINES", Whole(1_000, 10**9), 2_000_000, "most lines that a query reads"
    )
    series: int = setting("LOG_GATEWAY_MAX_SERIES", Whole(1, 100_000), 500, "most series in an answer")
    points: int = setting("LOG_GATEWAY_MAX_POINTS", Whole(1, 100_000), 11_000, "most points of a series")
    concurrent: int = setting("LOG_GATEWAY_CONCURRENT_QUERIES", Whole(1, 64), 4, "queries that run at once")
    waiting: int = setting("LOG_GATEWAY_WAITING_QUERIES", Whole(0, 256), 16, "queries that wait; others get 429")
    tails: int = setting("LOG_GATEWAY_TAILS", Whole(0, 64), 10, "live tails at once")


@dataclass(frozen=True)
class GatewaySettings(FromEnv):
    """Where it listens, where the store is, and its limits."""

    host: str = setting("HOST", Host(), "127.0.0.1", "the address that it listens on")
    port: int = setting("PORT", Port(), 3100, "the port that it listens on")
    threads: int = setting("THREADS", Whole(32, 512), 80, "how many requests it serves at once")
    store_url: str = setting(
        "VICTORIALOGS_URL", Url("http", "https"), "http://127.0.0.1:9428", "where the log store is"
    )
    max_body: int = setting(
        "LOG_GATEWAY_MAX_BODY_BYTES", Whole(1024, 2**30), 32 * 1024 * 1024, "largest body that is accepted (bytes)"
    )
    limits: Limits = nested(Limits)
