"""Adds the fault's name to the telemetry of affected requests, so that an injected cause is recognisable."""

from __future__ import annotations

from glasshouse_observability import context


def mark(*names: str) -> None:
    """Add the faults to the request's log line (``fault_injected``) and to the current span (``fault.injected``)."""
    context.note("fault.injected", ",".join(names))
