"""The gateway's settings, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from glasshouse_observability.settings import FromEnv, Host, Port, Url, Whole, nested, setting


@dataclass(frozen=True)
class Limits(FromEnv):
    """Limits of one query (seconds, lines, series, points) and of the number of concurrent queries."""

    seconds: int = setting("LOG_GATEWAY_QUERY_SECONDS", Whole(1, 600), 30, "time limit of a query (seconds)")
    lines: int = setting("LOG_GATEWAY_MAX_LINES", Whole(1, 100_000), 5_000, "maximum number of lines in a response")
    scanned: int = setting(
        "LOG_GATEWAY_MAX_SCANNED_LINES", Whole(1_000, 10**9), 2_000_000, "maximum number of lines that a query reads"
    )
    series: int = setting("LOG_GATEWAY_MAX_SERIES", Whole(1, 100_000), 500, "maximum number of series in a response")
    points: int = setting("LOG_GATEWAY_MAX_POINTS", Whole(1, 100_000), 11_000, "maximum number of points in a series")
    concurrent: int = setting("LOG_GATEWAY_CONCURRENT_QUERIES", Whole(1, 64), 4, "maximum number of concurrent queries")
    waiting: int = setting(
        "LOG_GATEWAY_WAITING_QUERIES", Whole(0, 256), 16, "maximum number of waiting queries; further queries get 429"
    )
    tails: int = setting("LOG_GATEWAY_TAILS", Whole(0, 64), 10, "maximum number of concurrent live tails")


@dataclass(frozen=True)
class GatewaySettings(FromEnv):
    """The gateway's address, the store's URL, and the limits."""

    host: str = setting("HOST", Host(), "127.0.0.1", "address to listen on")
    port: int = setting("PORT", Port(), 3100, "port to listen on")
    threads: int = setting("THREADS", Whole(32, 512), 80, "number of threads, each of which serves one request")
    store_url: str = setting("VICTORIALOGS_URL", Url("http", "https"), "http://127.0.0.1:9428", "URL of the log store")
    max_body: int = setting(
        "LOG_GATEWAY_MAX_BODY_BYTES", Whole(1024, 2**30), 32 * 1024 * 1024, "maximum size of a request body (bytes)"
    )
    limits: Limits = nested(Limits)
