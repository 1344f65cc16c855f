"""Capturing log lines, spans and metrics in tests.

::

    from glasshouse_observability.testing import capture

    with capture() as captured:
        client.get("/guests/ada")

    assert captured.lines[0]["http_route"] == "/guests/<name>"
    assert captured.spans[0].name == "GET /guests/<name>"
    assert captured.metric("http_server_request_duration_seconds_count", http_route="/guests/<name>") == 1

With pytest, the fixture ``telemetry_capture`` does the same for the whole test; it needs no import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glasshouse_observability.testing.capturing import Capture, capture

__all__ = ["Capture", "capture"]


# On first use, because pytest imports this package at every start.
def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("glasshouse_observability.testing.capturing"), name)
