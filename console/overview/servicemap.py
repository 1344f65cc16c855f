"""The live map of calls between services in the last minutes, from the Collector's service graph.

Messages pass through a queue, so a ``messaging_system`` edge is drawn through a queue node. The console and the log
gateway are omitted, because they observe the system and are not part of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.servers.prometheus import Sample

QUEUE, MAIL, CLIENTS = "queue", "mail", "user"
_STORES = {"mongodb": "MongoDB", "redis": "Redis"}
_UNKNOWN, _LEFT_OUT = "unknown", frozenset({"console", "log-gateway"})
_CHARGES, _PAYMENTS = "worker", "payments"
Edge = tuple[str, str]


def service_map(found: Mapping[str, Sequence[Sample]], queued: float | None) -> dict[str, Any]:
    """Return ``nodes`` (id, name, kind, up, of) and ``edges`` (from, to, calls and failures per second, p95 in s).

    ``found`` has the samples of ``calls``, ``failed``, ``p95``, ``up`` and ``replicas``. If several edges are merged
    into one (two senders, one queue), rates are added, and the highest p95 is used.
    """
    calls, failed = _added(found["calls"]), _added(found["failed"])
    latencies: dict[Edge, float] = {}
    for sample in found["p95"]:
        for edge in _edges_of(sample):
            if math.isfinite(sample.value):
                latencies[edge] = max(sample.value, latencies.get(edge, 0.0))
    edges = [
        {"from": edge[0], "to": edge[1], "calls": rate, "failed": failed.get(edge, 0.0), "p95": latencies.get(edge)}
        for edge, rate in sorted(calls.items())
        if rate > 0
    ]
    up, of = _by_job(found["up"]), _by_job(found["replicas"])
    return {"nodes": [_node(name, up, of, queued) for name in _names(edges)], "edges": edges}


def _node(name: str, up: Mapping[str, int], of: Mapping[str, int], queued: float | None) -> dict[str, Any]:
    if name == QUEUE:
        return {"id": name, "name": "orders queue", "kind": "queue", "waiting": queued}
    if name == CLIENTS:
        return {"id": name, "name": "clients", "kind": "clients"}
    if name in _STORES or name == MAIL:
        return {"id": name, "name": _STORES.get(name, name), "kind": "store" if name in _STORES else "mail"}
    scraped = {"up": up.get(name, 0), "of": of[name]} if name in of else {}
    return {"id": name, "name": name, "kind": "service", **scraped}


def _edges_of(sample: Sample) -> list[Edge]:
    """Return the edges of the map for one edge of the graph."""
    client, server = sample.labels.get("client", "?"), sample.labels.get("server", "?")
    if _LEFT_OUT & {client, server}:
        return []
    if server == _UNKNOWN:
        # There is no span of a server. Workers call only the payment service: it was down, or refused the call before
        # it started a span. All other callers send messages: the message has been in the queue for longer than the
        # Collector keeps the sender's span.
        return [(client, _PAYMENTS if client == _CHARGES else QUEUE)]
    if sample.labels.get("connection_type") == "messaging_system":
        return [(client, QUEUE), (QUEUE, server)]
    return [(client, server)]


def _added(samples: Iterable[Sample]) -> dict[Edge, float]:
    found: dict[Edge, float] = {}
    for sample in samples:
        for edge in _edges_of(sample):
            found[edge] = found.get(edge, 0.0) + sample.value
    return found


def _names(edges: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(edge[end]) for edge in edges for end in ("from", "to")))


def _by_job(samples: Iterable[Sample]) -> dict[str, int]:
    return {sample.labels.get("job", ""): int(sample.value) for sample in samples}
