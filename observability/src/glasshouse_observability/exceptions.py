"""Conversion of exceptions to structured data."""

from __future__ import annotations

import traceback
from types import TracebackType


def exception_fields(
    kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
) -> dict[str, str]:
    """Return an exception as OpenTelemetry's ``exception.*`` attributes, with ``_`` for ``.``."""
    name = f"{kind.__module__}.{kind.__qualname__}" if kind else ""
    stack = "".join(traceback.format_exception(kind, error, trace_back))
    return {"exception_type": name, "exception_message": str(error), "exception_stacktrace": stack}
