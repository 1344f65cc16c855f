"""The faults of the payment service. ``payments.wsgi`` wires them only if faults are configured."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pymongo
from flask import Flask, Response, request
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError
from pymongo.write_concern import WriteConcern

from faults.marking import mark
from faults.watch import Faults
from payments.repeats import LATEST, ORDER_INDEX, PIPELINE

_log = logging.getLogger("payments.history")
BATCH, MOST = 20_000, 800_000
_PREFIX = "history-"
_OF_HISTORY = {"_id": {"$gte": _PREFIX, "$lt": f"{_PREFIX}~"}}
_INDEX_NOT_FOUND = 27


def install(app: Flask, faults: Faults, sleep: Callable[[float], None] = time.sleep) -> None:
    """payment-down: charges are answered with 503; health checks are exempt.

    Charges that payment-slow delays are marked.
    """

    def down() -> Response | None:
        fault, slow = faults.active("payment-down"), faults.active("payment-slow")
        if (fault is None and slow is None) or request.path in ("/healthz", "/readyz"):
            return None
        if fault is None or not fault.hits():
            if slow is not None:
                mark("payment-slow")
            return None
        mark("payment-down")
        sleep(fault.number("milliseconds") / 1000)
        body = '{"type":"about:blank","status":503,"detail":"The payment service is unavailable."}\n'
        return Response(body, 503, content_type="application/problem+json")

    app.before_request(down)


class LostIndex:
    """payment-slow: drop the index on orders, and create it again afterwards.

    A scan of a new ledger takes almost no time, so the fault first adds a history that is large enough for the
    requested time on this machine. Every step is safe to repeat, and the next process continues if this one dies.
    """

    def __init__(self, faults: Faults, charges: Collection[dict[str, Any]], make_indexes: Callable[[], None]) -> None:
        """``make_indexes`` creates the ledger's indexes; it is also called at the start if the fault is off."""
        self._faults, self._make_indexes = faults, make_indexes
        # No request waits for the history, and it need not survive a crash.
        self._charges = charges.with_options(write_concern=WriteConcern(w=1, j=False))
        self._lost: bool | None = None

    def look(self) -> None:
        """Bring the ledger into the state that the flag requires; a step that fails is retried at the next check."""
        fault = self._faults.active("payment-slow")
        if (fault is not None) is self._lost:
            return
        try:
            # Longer than the client's usual limit, because creating the indexes and the history takes a while.
            with pymongo.timeout(60):
                if self._lost is None:
                    self._make_indexes()
                if fault is not None:
                    self._drop()
                    self._grow(fault.number("milliseconds") / 1000)
                else:
                    self._restore()
        except PyMongoError as error:
            _log.warning("cannot change the ledger's index yet, the database is unavailable: %s", type(error).__name__)
            return
        self._lost = fault is not None

    def _drop(self) -> None:
        try:
            self._charges.drop_index(ORDER_INDEX)
        except OperationFailure as error:
            if error.code != _INDEX_NOT_FOUND:
                raise

    def _grow(self, seconds: float) -> None:
        """Add old charges until the check takes ``seconds``, up to ``MOST`` charges."""
        have = 0
        history = _history()
        while have < BATCH * 5 and self._still_on():
            have += self._add(list(islice(history, BATCH)))
        started = time.perf_counter()
        list(self._charges.aggregate(PIPELINE))
        took = max(0.001, time.perf_counter() - started)
        wanted = min(MOST, int(have * seconds / took))
        while have < wanted and self._still_on():
            have += self._add(list(islice(history, BATCH)))
        _log.info(
            "the ledger has a history", extra={"event": "ledger.history_created", "charges": have, "look_ups": LATEST}
        )

    def _add(self, documents: list[dict[str, Any]]) -> int:
        try:
            self._charges.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            # Charges that exist from an earlier run can be used as well.
            if any(one["code"] != 11000 for one in error.details["writeErrors"]):
                raise
        return len(documents)

    def _restore(self) -> None:
        self._make_indexes()
        while ids := [one["_id"] for one in self._charges.find(_OF_HISTORY, {"_id": 1}).limit(BATCH // 4)]:
            self._charges.delete_many({"_id": {"$in": ids}})
            if self._still_on():
                return

    def _still_on(self) -> bool:
        # This thread also checks the flags: without a check here, it would notice no change while it is busy.
        self._faults.look()
        return self._faults.active("payment-slow") is not None


def _history() -> Iterator[dict[str, Any]]:
    """Return charges dated years ago, always the same ones. They belong to no order."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(MOST):
        yield {
            "_id": f"{_PREFIX}{number:08d}",
            "order_id": f"{_PREFIX}{number:08d}",
            "amount_cents": 1000,
            "currency": "EUR",
            "status": "approved",
            "created_at": long_ago,
        }
