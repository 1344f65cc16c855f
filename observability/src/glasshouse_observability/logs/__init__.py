"""JSON lines for ``logging``: the formatter, and what ``Telemetry.start`` changes in a process."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glasshouse_observability.logs.config import LoggingOptions
    from glasshouse_observability.logs.formatter import JsonFormatter

__all__ = ["JsonFormatter", "LoggingOptions"]

# These names are imported on first use, because the formatter needs the context, which needs a module of this package.
_MODULES = {
    "JsonFormatter": "glasshouse_observability.logs.formatter",
    "LoggingOptions": "glasshouse_observability.logs.config",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
