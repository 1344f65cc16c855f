"""A two-level cache: a small one in the process, a shared one in Redis, and only one load per value at a time.

Its behaviour and the measurements are in ``docs/explanation/caching.md``. In short, for ``get(key, load)``:

1. the process's own copy, if it is younger than one to two seconds and no invalidation has arrived; 2. Redis' copy, if
it is fresh; one randomly chosen caller renews a copy shortly before it expires (XFetch); 3. else ``load()``, by one
caller among all processes: the others use the stale copy if there is one, or wait for the result; 4. if ``load()``
fails (the database is down), the stale copy, marked as stale.

The failure of a load is shared like a result: all callers that wait for it, in every process, get the failure when it
ends, and the next caller loads again. Without Redis each process loads separately, still one caller at a time for each
key.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Sequence

import redis
from cachetools import TTLCache

from glasshouse_observability import context
from glasshouse_observability.single_flight import SingleFlight
from shop.adapters.cache_entry import Entry, Load, Loaded, dump, kept_milliseconds, parse
from shop.adapters.cache_lock import CacheLock
from shop.adapters.cache_metrics import CacheMetrics
from shop.domain.errors import DatabaseUnavailable

_log = logging.getLogger("shop.cache")

LOCAL_SECONDS, LOCAL_SIZE = 2.0, 1024

# Replace an entry only with one that is at least as new: a slow reader must not overwrite a newer write.
_STORE_IF_NEWER = """
local old = redis.call('GET', KEYS[1])
if old and cjson.decode(old).version > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""


class TwoLevelCache:
    """A cache for one kind of value, ``name``.

    Keys are ``{name:id}``. Each key is its own hash tag, so that a Redis Cluster can distribute the keys.
    """

    def __init__(
        self,
        name: str,
        client: redis.Redis,
        metrics: CacheMetrics,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name, self._client, self._clock, self._chance = name, client, clock, chance
        self._store = client.register_script(_STORE_IF_NEWER)
        self._locks = CacheLock(client)
        self._local: TTLCache[str, Entry] = TTLCache(LOCAL_SIZE, LOCAL_SECONDS)
        self._guard = threading.Lock()
        self._flights: SingleFlight[Entry] = SingleFlight()
        self._count = metrics.of(name)

    def get(self, key: str, load: Load) -> Entry:
        """Return the value of ``key``. Raises ``DatabaseUnavailable`` only if there is no copy at all."""
        if (entry := self.local(key)) is not None:
            return self._counted("local_hit", entry)
        entry = self._shared([key])[0]
        if entry is not None and not self._due(entry):
            return self._counted("hit", self._keep(key, entry))
        return self._load_once(key, load, entry)

    def get_many(self, keys: Sequence[str], loads: Sequence[Load]) -> list[Entry]:
        """Return the values of several keys with one round trip to Redis; missing values are loaded one by one."""
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
        """Write a value to both levels; other processes drop their older copies when they receive the invalidation."""
        entry = self._entry(loaded, cost=0.0)
        self._write(key, entry)
        return self._keep(key, entry)

    def put_many(self, values: dict[str, Loaded]) -> None:
        """Write several values in one round trip, to warm the cache."""
        entries = {key: self._entry(loaded, cost=0.0) for key, loaded in values.items()}
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for key, entry in entries.items():
                    pipe.set(self._name(key), dump(entry), px=kept_milliseconds(entry, self._clock()))
                pipe.execute()
        except redis.RedisError as error:
            _log.debug("cannot warm cache %s: %s", self.name, error)

    def local(self, key: str) -> Entry | None:
        """Return the process's own copy."""
        with self._guard:
            return self._local.get(key)

    def forget_local(self, key: str | None) -> None:
        """Drop the process's own copy of a key, or all copies."""
        with self._guard:
            if key is None:
                self._local.clear()
            else:
                self._local.pop(key, None)

    def _load_once(self, key: str, load: Load, old: Entry | None) -> Entry:
        if old is not None and self._flights.is_flying(key):
            return self._shared_copy(self._stale(old))
        is_leader = False

        def lead() -> Entry:
            nonlocal is_leader
            is_leader = True
            entry = self.local(key)
            # Another thread may have loaded it between the look-up and this flight.
            return self._load_alone(key, load, old) if entry is None else self._counted("hit", entry)

        try:
            entry = self._flights.do(key, lead)
        except Exception:
            if not is_leader:
                self._record("miss")
            raise
        return entry if is_leader else self._shared_copy(entry)

    def _load_alone(self, key: str, load: Load, old: Entry | None) -> Entry:
        name, failure = self._name(key), None
        try:
            token = self._locks.take(name)
            if token is None and old is None and (fresh := self._of_another(name)) is not None:
                return self._counted("hit", self._keep(key, fresh))
        except redis.RedisError:
            self._count["error"].inc()
            return self._load(key, load, old)
        if token is None:
            return self._load(key, load, None) if old is None else self._shared_copy(self._stale(old))
        try:
            # Another process may have finished between the look-up and this lock.
            now = self._shared([key])[0]
            if now is not None and (old is None or now.made_at > old.made_at) and now.fresh_until > self._clock():
                return self._counted("hit", self._keep(key, now))
            return self._load(key, load, old)
        except DatabaseUnavailable as error:
            failure = str(error)
            raise
        finally:
            self._locks.release(name, token, failure)

    def _of_another(self, name: str) -> Entry | None:
        try:
            return self._locks.wait(name)
        except DatabaseUnavailable:
            self._record("miss")
            raise

    def _load(self, key: str, load: Load, old: Entry | None) -> Entry:
        self._record("miss")
        started = self._clock()
        try:
            loaded = load()
        except DatabaseUnavailable:
            if old is None:
                raise
            # Cached briefly, so that not every request waits for a database that does not respond.
            return self._counted("stale", self._keep(key, self._stale(old)))
        entry = self._entry(loaded, cost=max(0.0, self._clock() - started))
        self._write(key, entry)
        return self._keep(key, entry)

    def _entry(self, loaded: Loaded, cost: float) -> Entry:
        now = self._clock()
        # Jitter: entries that were written together must not expire together.
        seconds = loaded.seconds * (0.9 + 0.2 * self._chance())
        return Entry(loaded.value, loaded.version, now, now + seconds, cost)

    def _due(self, entry: Entry) -> bool:
        """Return whether to renew now: XFetch (Vattani, Chierichetti, Lowenstein, VLDB 2015), with beta = 1."""
        early = entry.cost * -math.log(max(self._chance(), 1e-12))
        return self._clock() + early >= entry.fresh_until

    def _shared(self, keys: Sequence[str]) -> list[Entry | None]:
        try:
            raws = self._client.mget([self._name(key) for key in keys])
        except redis.RedisError as error:
            self._count["error"].inc()
            _log.debug("cannot read cache %s: %s", self.name, error)
            return [None] * len(keys)
        return [parse(raw) for raw in raws]

    def _write(self, key: str, entry: Entry) -> None:
        try:
            arguments: list[bytes | int] = [dump(entry), entry.version, kept_milliseconds(entry, self._clock())]
            self._store(keys=[self._name(key)], args=arguments)
        except redis.RedisError as error:
            _log.debug("cannot write cache %s: %s", self.name, error)

    def _keep(self, key: str, entry: Entry) -> Entry:
        with self._guard:
            self._local[key] = entry
        return entry

    def _stale(self, entry: Entry) -> Entry:
        late = self._clock() > entry.fresh_until
        return Entry(entry.value, entry.version, entry.made_at, entry.fresh_until, entry.cost, stale=late)

    def _shared_copy(self, entry: Entry) -> Entry:
        """Count a load that another thread or process performed."""
        return self._counted("stale" if entry.stale else "hit", entry)

    def _counted(self, result: str, entry: Entry) -> Entry:
        self._record("negative_hit" if entry.value is None and result != "stale" else result)
        return entry

    def _record(self, result: str) -> None:
        self._count[result].inc()
        context.note(f"cache.{self.name}.result", result)

    def _name(self, key: str) -> str:
        return f"{{{self.name}:{key}}}"
