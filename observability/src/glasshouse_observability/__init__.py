"""Logs, metrics and traces for any Flask + RQ + pymongo + redis process, in a few lines.

::

    from glasshouse_observability import Telemetry, instrument_flask

    telemetry = Telemetry.start()          # settings from the environment
    instrument_flask(app, telemetry)       # request id, one log line, RED metrics, one span per request

"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glasshouse_observability.flask.instrumentation import instrument_flask
    from glasshouse_observability.settings import TelemetrySettings, WrongSetting
    from glasshouse_observability.telemetry import Telemetry

__all__ = ["Telemetry", "TelemetrySettings", "WrongSetting", "instrument_flask"]

# These names are imported on first use: the launcher and the fault agent need only the settings, and importing Flask
# with OpenTelemetry takes a hundred times as long.
_MODULES = {
    "Telemetry": "glasshouse_observability.telemetry",
    "TelemetrySettings": "glasshouse_observability.settings",
    "WrongSetting": "glasshouse_observability.settings",
    "instrument_flask": "glasshouse_observability.flask.instrumentation",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
