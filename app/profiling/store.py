"""Storage for profiles of single requests: in Redis, because the next request may reach another replica.

The number, size and lifetime of profiles are limited: they share Redis' memory with the order queue, which rejects
orders when it is full.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import redis

MOST = 20
SECONDS = 3600
MOST_BYTES = 256 * 1024
"""Bytes of one compressed profile."""
_LIST, _EACH = "{profiles}", "{profiles}:%s"


@dataclass(frozen=True, slots=True)
class Profile:
    """Where one request spent its time. ``tree`` is readable text, ``speedscope`` the file for speedscope.app."""

    request_id: str
    at: str
    method: str
    route: str
    status: int
    seconds: float
    replica: str
    tree: str
    speedscope: str


class NotKept(Exception):
    """The profile could not be stored; the message states the reason."""


class Profiles(Protocol):
    """A bounded store of profiles, which evicts the oldest first."""

    def keep(self, profile: Profile) -> None:
        """Store a profile. Raises ``NotKept``."""

    def newest(self) -> list[Profile]:
        """Return all profiles, newest first. Raises ``redis.RedisError``."""

    def get(self, request_id: str) -> Profile | None:
        """Return the profile of a request. Raises ``redis.RedisError``."""


class RedisProfiles:
    """Implements ``Profiles``."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def keep(self, profile: Profile) -> None:
        """Store a profile, in place of the oldest if there are ``MOST`` already."""
        raw = zlib.compress(json.dumps(asdict(profile)).encode())
        if len(raw) > MOST_BYTES:
            raise NotKept(f"it has {len(raw)} bytes, and the limit is {MOST_BYTES}")
        try:
            with self._client.pipeline() as pipe:
                pipe.lrem(_LIST, 0, profile.request_id)
                pipe.lpush(_LIST, profile.request_id)
                pipe.lrange(_LIST, MOST, -1)
                pipe.ltrim(_LIST, 0, MOST - 1)
                pipe.expire(_LIST, SECONDS)
                pipe.set(_EACH % profile.request_id, raw, ex=SECONDS)
                surplus = pipe.execute()[2]
            if surplus:
                self._client.delete(*(_EACH % _text(one) for one in surplus))
        except redis.RedisError as error:
            raise NotKept(f"Redis does not accept it ({type(error).__name__})") from error

    def newest(self) -> list[Profile]:
        """Return all profiles, newest first."""
        ids = [_text(one) for one in self._client.lrange(_LIST, 0, MOST - 1)]
        found = self._client.mget([_EACH % one for one in ids]) if ids else []
        return [_read(raw) for raw in found if raw is not None]

    def get(self, request_id: str) -> Profile | None:
        """Return the profile of a request."""
        raw = self._client.get(_EACH % request_id)
        return None if raw is None else _read(raw)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _read(raw: Any) -> Profile:
    return Profile(**json.loads(zlib.decompress(raw)))
