"""The context of the current request or job, saved and restored, so that no test begins with that of another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from opentelemetry import context as otel_context

from glasshouse_observability import context
from glasshouse_observability.traces.unsampled import is_unsampled


@contextlib.contextmanager
def restored_context() -> Iterator[None]:
    """Restore ids, notes and OpenTelemetry's context at the end of the block, whatever it has left open."""
    variables = (context.request_id, context.job_id, context.notes, is_unsampled)
    saved = [variable.get() for variable in variables]
    current = otel_context.get_current()
    try:
        yield
    finally:
        for variable, value in zip(variables, saved, strict=True):
            variable.set(value)  # type: ignore[attr-defined]
        otel_context.attach(current)
