"""Telemetry of a request that a fault affected names the fault, so that an injected cause is recognised."""

from __future__ import annotations

from observability import context


def mark(*names: str) -> None:
    """Note the faults on the request's log line (``fault_injected``) and on the current span (``fault.injected``)."""
    context.note("fault.injected", ",".join(names))
