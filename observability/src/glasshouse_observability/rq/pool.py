"""Several workers in one machine or container: each has its own metrics port.

The workers of RQ's ``WorkerPool`` are processes with the same environment, and so with the same port in their settings.
Each of them serves ``/metrics`` on the first port from there on that no other one has.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import socket
from typing import Any

from rq import worker_pool

from glasshouse_observability.settings import TelemetrySettings

MOST_PORTS = 64
"""The number of ports that are tried, and so the limit of workers in a pool."""

_claims: list[socket.socket] = []
"""The sockets that keep other workers from the ports of this process."""


class UnsupportedWorker(RuntimeError):
    """A kind of worker, or of pool, whose jobs cannot be observed."""


def is_in_pool() -> bool:
    """Return whether another Python process has started this one with ``multiprocessing``."""
    return multiprocessing.parent_process() is not None


def with_own_port(settings: TelemetrySettings) -> TelemetrySettings:
    """Return the settings with the metrics port that this worker of a pool serves; 0 stays 0."""
    if not settings.metrics_port:
        return settings
    return dataclasses.replace(settings, metrics_port=_claim(settings.metrics_host, settings.metrics_port))


def _claim(host: str, first: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, first + MOST_PORTS):
        # Workers start at the same time, and whether a TCP port is free can only be found out by taking it. So a worker
        # first takes the UDP port of the same number, which nothing sends to.
        claim = socket.socket(family, socket.SOCK_DGRAM)
        try:
            claim.bind((host, port))
            _try(family, host, port)
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    return first


def _try(family: int, host: str, port: int) -> None:
    """Raise ``OSError`` if the TCP port is in use."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def _release() -> None:
    # A work horse that outlives its worker must not keep the port.
    for claim in _claims:
        claim.close()
    _claims.clear()


os.register_at_fork(after_in_child=_release)


def refuse_new_interpreters(pool: Any) -> None:
    """Check that the workers of a pool will be observed.

    Raises:
        UnsupportedWorker: they are new Python interpreters, and their class does not start telemetry in them.
    """
    if getattr(pool.worker_class, "starts_telemetry", False):
        return
    # RQ forks explicitly since 2.7; Python 3.14 starts a server of forks by default.
    method = "fork" if hasattr(worker_pool, "ForkProcess") else multiprocessing.get_context().get_start_method()
    if method != "fork":
        raise UnsupportedWorker(
            f"the workers of this pool are started with {method!r}, where glasshouse_observability does not observe "
            "them: use WorkerPool(…, worker_class=glasshouse_observability.rq.ObservedWorker)"
        )
