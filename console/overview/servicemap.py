"""The live map: who called whom in the last minutes, out of the Collector's service graph.

A message leaves for a queue and is taken from it, so a ``messaging_system`` edge is drawn through a queue of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.servers.prometheus import Sample

QUEUE = "queue"
_STORES = {"mongodb": "MongoDB", "redis": "Redis"}
_CLIENTS = "user"
Edge = tuple[str, str, str]


def service_map(found: Mapping[str, Sequence[Sample]], queued: float | None) -> dict[str, Any]:
    """Return ``nodes`` (id, name, kind, up, of) and ``edges`` (from, to, calls and failures per second, p95 in s).

    ``found`` has the samples of ``calls``, ``failed``, ``p95``, ``up`` and ``replicas``.
    """
    failures, latencies = _by_edge(found["failed"]), _by_edge(found["p95"])
    edges = []
    for (client, server, kind), rate in sorted(_by_edge(found["calls"]).items()):
        latency = latencies.get((client, server, kind))
        numbers = {
            "calls": rate,
            "failed": failures.get((client, server, kind), 0.0),
            "p95": latency if latency is not None and math.isfinite(latency) else None,
        }
        server = _named(server)
        if kind == "messaging_system":
            edges.append({"from": client, "to": QUEUE, **numbers})
            edges.append({"from": QUEUE, "to": server, **numbers})
        else:
            edges.append({"from": client, "to": server, **numbers})
    counts = _by_job(found["up"]), _by_job(found["replicas"])
    nodes = [_node(name, counts, queued) for name in _names(edges)]
    return {"nodes": nodes, "edges": edges}


def _node(name: str, counts: tuple[Mapping[str, int], Mapping[str, int]], queued: float | None) -> dict[str, Any]:
    up, of = counts
    kind = "store" if name in _STORES else name if name in (QUEUE, "mail") else "service"
    node: dict[str, Any] = {"id": name, "name": _STORES.get(name, name), "kind": kind}
    if name == _CLIENTS:
        node |= {"name": "clients", "kind": "clients"}
    if name in of and kind == "service":
        node |= {"up": up.get(name, 0), "of": of[name]}
    if name == QUEUE:
        node |= {"name": "orders queue", "waiting": queued}
    return node


def _names(edges: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(edge[end]) for edge in edges for end in ("from", "to")))


def _by_job(samples: Iterable[Sample]) -> dict[str, int]:
    return {sample.labels.get("job", ""): int(sample.value) for sample in samples}


def _named(server: str) -> str:
    """The one peer that says no name is the mail server: SMTP carries no trace, so nobody answers with a span."""
    return "mail" if server == "unknown" else server


def _by_edge(samples: Iterable[Sample]) -> dict[Edge, float]:
    return {
        (s.labels.get("client", "?"), s.labels.get("server", "?"), s.labels.get("connection_type", "")): s.value
        for s in samples
    }
