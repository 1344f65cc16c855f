"""Revoked tokens: a list in Redis, and a copy in MongoDB for the time that Redis is down.

An unavailable cache must not cause a revoked token to be accepted, and customers must still be able to order. So
each revocation is written to MongoDB first and then to Redis. It is looked up in Redis, or in MongoDB if Redis does not
respond. If neither responds, every token is rejected.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import redis
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shop.adapters.mongo import Document, comment, translated
from shop.domain.errors import DatabaseUnavailable, RevocationsUnavailable

_log = logging.getLogger(__name__)
_WHY = "The token cannot be checked now; try again in a few seconds."


class RedisRevocations:
    """Implements ``ports.Revocations``."""

    def __init__(self, client: redis.Redis, db: Database[Document]) -> None:
        self._client = client
        self._durable = db["revocations"]

    def revoke(self, token_ids: Sequence[str], until: datetime) -> None:
        """Revoke tokens; see ``ports.Revocations``."""
        try:
            with translated():
                for token_id in token_ids:
                    kept = {"$set": {"expires_at": until}}
                    self._durable.update_one({"_id": token_id}, kept, upsert=True, comment=comment())
        except DatabaseUnavailable as error:
            raise RevocationsUnavailable(_WHY) from error
        self._write_to_redis(token_ids, until)

    def any_revoked(self, token_ids: Sequence[str]) -> bool:
        """Return whether one of them was revoked; see ``ports.Revocations``."""
        try:
            return any(value is not None for value in self._client.mget([_key(one) for one in token_ids]))
        except redis.RedisError as error:
            _log.debug("reading revocations from the database: %s", error)
        try:
            with translated():
                found = self._durable.find_one({"_id": {"$in": list(token_ids)}}, comment=comment())
        except DatabaseUnavailable as error:
            raise RevocationsUnavailable(_WHY) from error
        return found is not None

    def use_once(self, token_id: str, until: datetime) -> bool:
        """Mark a token as used; see ``ports.Revocations``."""
        try:
            with translated():
                self._durable.insert_one({"_id": token_id, "expires_at": until}, comment=comment())
        except DuplicateKeyError:
            return False
        except DatabaseUnavailable as error:
            raise RevocationsUnavailable(_WHY) from error
        self._write_to_redis([token_id], until)
        return True

    def _write_to_redis(self, token_ids: Sequence[str], until: datetime) -> None:
        seconds = max(1, int((until - datetime.now(UTC)).total_seconds()))
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for token_id in token_ids:
                    pipe.set(_key(token_id), 1, ex=seconds)
                pipe.execute()
        except redis.RedisError as error:
            # A Redis that missed this write would accept the token again once it is back: it must not be trusted until
            # the token has expired. After its next start, Redis is empty or has replayed its file; see `restore`.
            _log.warning("cannot write a revocation to Redis: %s", error, extra={"event": "auth.revocation_not_cached"})

    def restore(self) -> int:
        """Write every revocation still in force to Redis; return their number. The sweeper repeats this regularly.

        Raises:
            DatabaseUnavailable, redis.RedisError: not restored.
        """
        now = datetime.now(UTC)
        with translated():
            kept = list(self._durable.find({"expires_at": {"$gt": now}}, comment=comment()))
        with self._client.pipeline(transaction=False) as pipe:
            for document in kept:
                seconds = max(1, int((document["expires_at"] - now).total_seconds()))
                pipe.set(_key(document["_id"]), 1, ex=seconds)
            pipe.execute()
        return len(kept)


def _key(token_id: str) -> str:
    return f"{{revoked:{token_id}}}"
