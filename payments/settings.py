"""The payment service's settings, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from glasshouse_observability.client_urls import check_mongo
from glasshouse_observability.settings import FromEnv, Host, Pattern, Port, Url, Whole, setting


@dataclass(frozen=True)
class PaymentSettings(FromEnv):
    """The address, the ledger's database, and the limit on charges (cents)."""

    host: str = setting("HOST", Host(), "127.0.0.1", "the address that the service listens on")
    port: int = setting("PORT", Port(), 8100, "the port that the service listens on")
    threads: int = setting("THREADS", Whole(1, 256), 4, "number of requests that the service serves concurrently")
    mongo_url: str = setting(
        "MONGO_URL",
        Url("mongodb", "mongodb+srv", check=check_mongo),
        "mongodb://127.0.0.1:27017/?directConnection=true",
        "the URL of the ledger's database",
    )
    database: str = setting(
        "MONGO_DATABASE",
        Pattern(r"[A-Za-z0-9_-]{1,60}", "a name of letters, digits, '-' and '_'"),
        "payments",
        "its name",
    )
    limit_cents: int = setting(
        "PAYMENTS_LIMIT_CENTS", Whole(1, 10**12), 1_000_000, "the amount above which charges are declined (cents)"
    )
