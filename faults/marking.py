"""Whatever a fault has touched says so, or somebody would search for a cause that we have made up."""

from __future__ import annotations

from observability import context


def mark(*names: str) -> None:
    """Note the faults on the request's log line (``fault_injected``) and on the current span (``fault.injected``)."""
    context.note("fault.injected", ",".join(names))
