"""For your own metrics: a histogram that is cheap to observe, bucket boundaries, and a limit on label values."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glasshouse_observability.metrics.buckets import JOB_BUCKETS, LATENCY_BUCKETS, OPERATION_BUCKETS
    from glasshouse_observability.metrics.cardinality import LabelGuard
    from glasshouse_observability.metrics.deferred import DeferredHistogram

__all__ = ["JOB_BUCKETS", "LATENCY_BUCKETS", "OPERATION_BUCKETS", "DeferredHistogram", "LabelGuard"]

# On first use, because the settings, which need the standard library only, must not import prometheus_client.
_MODULES = {
    "JOB_BUCKETS": "buckets",
    "LATENCY_BUCKETS": "buckets",
    "OPERATION_BUCKETS": "buckets",
    "DeferredHistogram": "deferred",
    "LabelGuard": "cardinality",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
