"""A cache in two levels: a small one in the process, a shared one in Redis, and never two at work on one value.

What it does, and where that is known from, is told in ``docs/caching.md``. In short, for ``get(key, load)``:

1. the process's own copy, if it is younger than a second or two and nobody has said that it changed;
2. Redis' copy, if it is fresh; a copy near its end is renewed early by one lucky caller (XFetch);
3. else ``load()``, by one caller of all processes: others take the stale copy if there is one, or wait for the fresh;
4. if ``load()`` cannot (the database is down), the stale copy, marked so.

Without Redis each process loads for itself, still one caller at a time for each key.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import redis
from cachetools import TTLCache

from observability import context
from observability.database import DatabaseMetrics
from shop.domain.errors import DatabaseUnavailable

_log = logging.getLogger("shop.cache")

STALE_SECONDS = 24 * 3600
"""How long a value is kept beyond its time, to be served while the database is down."""
LOCK_SECONDS = 3.0
"""How long the one who loads may take before another may try."""
WAIT_SECONDS = 2.5
"""How long the others wait for it, when there is no stale copy to give them."""
LOCAL_SECONDS, LOCAL_SIZE = 2.0, 1024

# Keep only what is not older than what is there: a slow reader must not undo a newer write.
_STORE_IF_NEWER = """
local old = redis.call('GET', KEYS[1])
if old and cjson.decode(old).version > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""
# Release a lock only if it is still ours.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached value. ``value`` is ``None`` for what is known not to exist. Times in seconds since 1970."""

    value: Any
    version: int
    made_at: float
    fresh_until: float
    cost: float
    """Seconds that loading took: the dearer, the earlier it is renewed."""
    stale: bool = False

    @property
    def age(self) -> float:
        """Seconds since it was loaded."""
        return max(0.0, time.time() - self.made_at)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a loader brings: the value (JSON), its version, and for how many seconds it is fresh."""

    value: Any
    version: int
    seconds: float


class Load(Protocol):
    """Brings the value from where it is true. May raise ``DatabaseUnavailable``."""

    def __call__(self) -> Loaded:
        """Load."""


class TwoLevelCache:
    """One kind of values, ``name``; keys are ``{name:id}``, a hash tag each, so a Redis Cluster can spread them."""

    def __init__(
        self,
        name: str,
        client: redis.Redis,
        metrics: DatabaseMetrics,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name, self._client, self._clock, self._chance = name, client, clock, chance
        self._store = client.register_script(_STORE_IF_NEWER)
        self._unlock = client.register_script(_UNLOCK)
        self._local: TTLCache[str, Entry] = TTLCache(LOCAL_SIZE, LOCAL_SECONDS)
        self._guard = threading.Lock()
        self._under_way: dict[str, threading.Lock] = {}
        metrics.declare_cache(name)
        self._count = {
            result: metrics.cache.labels(name, result)
            for result in ("local_hit", "hit", "negative_hit", "stale", "miss", "error")
        }

    def get(self, key: str, load: Load) -> Entry:
        """The value of ``key``. Raises ``DatabaseUnavailable`` only if there is no copy at all."""
        if (entry := self.local(key)) is not None:
            return self._counted("local_hit", entry)
        entry = self._shared([key])[0]
        if entry is not None and not self._due(entry):
            return self._counted("hit", self._keep(key, entry))
        return self._load_once(key, load, entry)

    def get_many(self, keys: Sequence[str], loads: Sequence[Load]) -> list[Entry]:
        """The values of several keys with one round trip to Redis; what is missing is loaded one by one."""
        found: list[Entry | None] = [self.local(key) for key in keys]
        asked = [index for index, entry in enumerate(found) if entry is None]
        shared = self._shared([keys[index] for index in asked]) if asked else []
        answers: dict[int, Entry] = {}
        for index, entry in zip(asked, shared, strict=True):
            if entry is not None and not self._due(entry):
                answers[index] = self._counted("hit", self._keep(keys[index], entry))
            else:
                answers[index] = self._load_once(keys[index], loads[index], entry)
        return [
            self._counted("local_hit", entry) if entry is not None else answers[index]
            for index, entry in enumerate(found)
        ]

    def put(self, key: str, loaded: Loaded) -> Entry:
        """Write a value through to both levels; older copies of other processes are their listeners' business."""
        entry = self._entry(loaded, cost=0.0)
        self._write(key, entry)
        return self._keep(key, entry)

    def put_many(self, values: dict[str, Loaded]) -> None:
        """Write several values in one round trip: warming up."""
        entries = {key: self._entry(loaded, cost=0.0) for key, loaded in values.items()}
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for key, entry in entries.items():
                    pipe.set(self._name(key), _dump(entry), px=_milliseconds(entry, self._clock()))
                pipe.execute()
        except redis.RedisError as error:
            _log.debug("cache %s was not warmed: %s", self.name, error)

    def local(self, key: str) -> Entry | None:
        """The process's own copy."""
        with self._guard:
            return self._local.get(key)

    def forget_local(self, key: str | None) -> None:
        """Drop the process's own copy of a key, or of all."""
        with self._guard:
            if key is None:
                self._local.clear()
            else:
                self._local.pop(key, None)

    def _load_once(self, key: str, load: Load, old: Entry | None) -> Entry:
        with self._guard:
            lock = self._under_way.setdefault(key, threading.Lock())
        # Request collapsing within the process: the threads behind the first find its answer.
        with lock:
            entry = self.local(key)
            if entry is not None:
                return self._counted("hit", entry)
            try:
                return self._load_alone(key, load, old)
            finally:
                with self._guard:
                    self._under_way.pop(key, None)

    def _load_alone(self, key: str, load: Load, old: Entry | None) -> Entry:
        token, lock = uuid.uuid4().hex, f"{self._name(key)}:lock"
        try:
            mine = bool(self._client.set(lock, token, nx=True, px=int(LOCK_SECONDS * 1000)))
        except redis.RedisError:
            self._count["error"].inc()
            return self._load(key, load, old)
        if not mine:
            # Somebody in another process is at it.
            if old is not None:
                return self._counted("stale", self._stale(old))
            fresh = self._await(key)
            return self._counted("hit", self._keep(key, fresh)) if fresh is not None else self._load(key, load, old)
        try:
            # Between our look and our lock another may have finished.
            now = self._shared([key])[0]
            if now is not None and (old is None or now.made_at > old.made_at) and now.fresh_until > self._clock():
                return self._counted("hit", self._keep(key, now))
            return self._load(key, load, old)
        finally:
            try:
                self._unlock(keys=[lock], args=[token])
            except redis.RedisError as error:
                _log.debug("a lock of cache %s ends by itself: %s", self.name, error)

    def _load(self, key: str, load: Load, old: Entry | None) -> Entry:
        self._tell("miss")
        started = self._clock()
        try:
            loaded = load()
        except DatabaseUnavailable:
            if old is None:
                raise
            # Kept for a moment, so that not every request waits for a database that does not answer.
            return self._counted("stale", self._keep(key, self._stale(old)))
        entry = self._entry(loaded, cost=max(0.0, self._clock() - started))
        self._write(key, entry)
        return self._keep(key, entry)

    def _await(self, key: str) -> Entry | None:
        deadline = time.monotonic() + WAIT_SECONDS
        pause = threading.Event()
        while time.monotonic() < deadline:
            pause.wait(0.02)
            entry = self._shared([key])[0]
            if entry is not None:
                return entry
        return None

    def _entry(self, loaded: Loaded, cost: float) -> Entry:
        now = self._clock()
        # Jitter: what was written together must not run out together.
        seconds = loaded.seconds * (0.9 + 0.2 * self._chance())
        return Entry(loaded.value, loaded.version, now, now + seconds, cost)

    def _due(self, entry: Entry) -> bool:
        """Whether to renew now: XFetch (Vattani, Chierichetti, Lowenstein, VLDB 2015), with beta = 1."""
        early = entry.cost * -math.log(max(self._chance(), 1e-12))
        return self._clock() + early >= entry.fresh_until

    def _shared(self, keys: Sequence[str]) -> list[Entry | None]:
        try:
            raws = self._client.mget([self._name(key) for key in keys])
        except redis.RedisError as error:
            self._count["error"].inc()
            _log.debug("cache %s is not to be read: %s", self.name, error)
            return [None] * len(keys)
        return [_parse(raw) for raw in raws]

    def _write(self, key: str, entry: Entry) -> None:
        try:
            arguments: list[bytes | int] = [_dump(entry), entry.version, _milliseconds(entry, self._clock())]
            self._store(keys=[self._name(key)], args=arguments)
        except redis.RedisError as error:
            _log.debug("cache %s is not to be written: %s", self.name, error)

    def _keep(self, key: str, entry: Entry) -> Entry:
        with self._guard:
            self._local[key] = entry
        return entry

    def _stale(self, entry: Entry) -> Entry:
        late = self._clock() > entry.fresh_until
        return Entry(entry.value, entry.version, entry.made_at, entry.fresh_until, entry.cost, stale=late)

    def _counted(self, result: str, entry: Entry) -> Entry:
        self._tell("negative_hit" if entry.value is None and result != "stale" else result)
        return entry

    def _tell(self, result: str) -> None:
        self._count[result].inc()
        context.note(f"cache.{self.name}.result", result)

    def _name(self, key: str) -> str:
        return f"{{{self.name}:{key}}}"


def _milliseconds(entry: Entry, now: float) -> int:
    return int((entry.fresh_until - now + (STALE_SECONDS if entry.value is not None else 0.0)) * 1000) + 1


def _dump(entry: Entry) -> bytes:
    return orjson.dumps(
        {
            "value": entry.value,
            "version": entry.version,
            "made_at": entry.made_at,
            "fresh_until": entry.fresh_until,
            "cost": entry.cost,
        }
    )


def _parse(raw: Any) -> Entry | None:
    if raw is None:
        return None
    try:
        return Entry(**orjson.loads(raw))
    except (orjson.JSONDecodeError, TypeError):
        # Written by another version of this program: as good as not there.
        return None
