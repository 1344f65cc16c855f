"""The check for repeats: a caller that has lost its idempotency keys charges the same orders again under new keys.

Before a charge, the ledger reads the latest charges and counts for each whether its order was charged more than once.
If most of them were, the caller is faulty, and further charges are rejected until the repeats end. The result is reused
for a second: sixty look-ups for each of fifty charges would cost MongoDB more than the charges.

The check requires the index on ``order_id``: without it, each look-up reads the whole collection, and the result has
expired by the time it is available.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pymongo
from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

_log = logging.getLogger("mongo")
Charges = Collection[dict[str, Any]]

LATEST = 60
MOST = LATEST // 2
GOOD_FOR_SECONDS = 1.0
"""Seconds, from the start of the check."""
SLOW_SECONDS = 0.1
"""Milliseconds, like MongoDB's own slowOpThresholdMs (stack/config/mongo)."""
LONGEST_SECONDS = 9.0
"""Seconds. Less than the shop's time limit, so that the shop receives the error response before it times out."""
ORDER_INDEX = "order_id_1"
_AGE_INDEX = "created_at_-1"
PLANS = ("IXSCAN", "COLLSCAN", "unknown")
PIPELINE: list[dict[str, Any]] = [
    {"$sort": {"created_at": -1}},
    {"$limit": LATEST},
    {"$lookup": {"from": "charges", "localField": "order_id", "foreignField": "order_id", "as": "same"}},
    {"$match": {"same.1": {"$exists": True}}},
    {"$count": "repeats"},
]


class Repeats:
    """The check, and its reports of slow look-ups: a log line, a metric, and the query plan on the span."""

    def __init__(
        self, charges: Charges, registry: CollectorRegistry, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._charges, self._clock = charges, clock
        self._found: tuple[float, bool] | None = None
        self._slow = Counter(
            "db_client_slow_operations_total",
            "Database operations that took longer than 100 ms, by query plan",
            ["collection", "plan"],
            registry=registry,
        )
        for plan in PLANS:
            self._slow.labels(charges.name, plan)

    def ensure_indexes(self) -> None:
        """Create both indexes if they do not exist. Raises ``PyMongoError``."""
        self._charges.create_index([("created_at", -1)], name=_AGE_INDEX)
        self._charges.create_index([("order_id", 1)], name=ORDER_INDEX)

    def too_many(self) -> bool:
        """Return whether most of the latest charges are repeats, as of at most a second ago.

        Raises ``PyMongoError``.
        """
        found = self._found
        if found is not None and self._clock() - found[0] < GOOD_FOR_SECONDS:
            return found[1]
        with trace.get_tracer("payments").start_as_current_span("check repeats") as span:
            started = self._clock()
            # Longer than the limit of other commands: a slow check is better than a rejected charge.
            with pymongo.timeout(LONGEST_SECONDS):
                answer = list(self._charges.aggregate(PIPELINE))
            seconds = self._clock() - started
            if seconds >= SLOW_SECONDS:
                self._report(span, seconds)
        too_many = bool(answer) and int(answer[0]["repeats"]) > MOST
        self._found = started, too_many
        return too_many

    def _report(self, span: trace.Span, seconds: float) -> None:
        facts = self._explained()
        plan = str(facts["plan"])
        self._slow.labels(self._charges.name, plan).inc()
        span.set_attributes({"db.collection.name": self._charges.name, **{f"mongodb.{k}": v for k, v in facts.items()}})
        extra = {"event": "mongo.slow_query", "collection": self._charges.name, "operation": "aggregate"}
        text = "slow query on %s: %s, %d documents examined"
        _log.warning(
            text,
            self._charges.name,
            plan,
            facts["docs_examined"],
            extra={**extra, "duration_seconds": round(seconds, 6), **facts},
        )

    def _explained(self) -> dict[str, str | int]:
        """Return how MongoDB executes one of the look-ups, from its ``explain``; all have the same plan."""
        query = {"find": self._charges.name, "filter": {"order_id": ""}}
        try:
            answer = self._charges.database.command("explain", query, verbosity="executionStats")
        except PyMongoError as error:
            _log.debug("cannot explain a slow query: %s", type(error).__name__)
            return {"plan": "unknown", "docs_examined": 0, "index": ""}
        stage = _innermost(answer["queryPlanner"]["winningPlan"])
        plan = str(stage["stage"]) if stage["stage"] in PLANS else "unknown"
        examined = int(answer["executionStats"]["totalDocsExamined"]) * LATEST
        return {"plan": plan, "docs_examined": examined, "index": str(stage.get("indexName", ""))}


def _innermost(plan: dict[str, Any]) -> dict[str, Any]:
    plan = plan.get("queryPlan", plan)
    while "inputStage" in plan:
        plan = plan["inputStage"]
    return plan
