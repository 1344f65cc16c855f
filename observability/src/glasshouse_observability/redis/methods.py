"""The methods of redis-py's clients that are observed, one operation for each command or pipeline."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.cluster import ClusterPipeline, RedisCluster

from glasshouse_observability.database import bounded_name
from glasshouse_observability.database_calls import DatabaseCalls
from glasshouse_observability.metrics.cardinality import OTHER
from glasshouse_observability.redis.spans import PIPELINE
from glasshouse_observability.wrapping.patches import Method, Patches
from glasshouse_observability.wrapping.targets import Targets

COMMON = ("GET", "SET", "DEL", "PING")
_names: dict[Any, str] = {name: name for name in COMMON}
"""The bounded names by what redis-py was given, because conversion takes longer than the look-up."""
MOST_NAMES = 500


def pool_of(client: Any) -> Any:
    """Return what a client, its copies, its locks and its pipelines share, by which they are instrumented."""
    return client.nodes_manager if isinstance(client, RedisCluster) else client.connection_pool


class Methods:
    """Wrap the methods, for the clients whose pools are in ``targets``."""

    def __init__(self, calls: DatabaseCalls, targets: Targets[Any], patches: Patches) -> None:
        self._run, self._targets, self._patches = calls.run, targets, patches

    def wrap(self) -> None:
        """Wrap the methods that send commands; those of a pipeline that only queue them are not among them."""
        self._patches.wrap(Redis, "execute_command", self._command)
        # While a pipeline watches keys, it sends its commands at once.
        self._patches.wrap(Pipeline, "immediate_execute_command", self._command)
        self._patches.wrap(Pipeline, "execute", self._pipeline)
        self._patches.wrap(RedisCluster, "execute_command", self._command)
        self._patches.wrap(ClusterPipeline, "execute", self._pipeline)

    def _command(self, method: Method) -> Method:
        targets, run = self._targets, self._run

        def observed(self: Any, /, *args: Any, **options: Any) -> Any:
            if targets.everything or pool_of(self) in targets:
                return run(_command_name(args), self, method, self, *args, **options)
            return method(self, *args, **options)

        return observed

    def _pipeline(self, method: Method) -> Method:
        targets, run = self._targets, self._run

        def observed(self: Any, /, *args: Any, **options: Any) -> Any:
            # Without commands, and if it watches no keys, a pipeline sends nothing.
            if (targets.everything or pool_of(self) in targets) and (len(self) or getattr(self, "watching", False)):
                return run(PIPELINE, self, method, self, *args, **options)
            return method(self, *args, **options)

        return observed


def _command_name(args: tuple[Any, ...]) -> str:
    """Return the name in upper case; redis-py also accepts bytes, lower case and the arguments in the same string."""
    try:
        return _names[args[0]]
    except (KeyError, IndexError, TypeError):
        pass
    first = given = args[0] if args else ""
    if isinstance(first, bytes):
        first = first.decode("ascii", "replace")
    words = first.split(maxsplit=1) if isinstance(first, str) else []
    name = bounded_name(words[0].upper()) if words else OTHER
    if len(words) == 1 and name != OTHER and len(_names) < MOST_NAMES:
        _names[given] = name
    return name
