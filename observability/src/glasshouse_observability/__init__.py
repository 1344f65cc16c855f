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
    from glasshouse_observability.context import note
    from glasshouse_observability.flask.instrumentation import instrument_flask, uninstrument_flask
    from glasshouse_observability.logs.config import LoggingOptions
    from glasshouse_observability.metrics.registry import RegistryInUse
    from glasshouse_observability.mongo.instrumentation import instrument_mongo, uninstrument_mongo
    from glasshouse_observability.redaction import RedactionPolicy
    from glasshouse_observability.redis.instrumentation import instrument_redis, uninstrument_redis
    from glasshouse_observability.requests.instrumentation import instrument_requests, uninstrument_requests
    from glasshouse_observability.rq import instrument_rq, uninstrument_rq
    from glasshouse_observability.settings import TelemetrySettings, WrongSetting
    from glasshouse_observability.telemetry import Telemetry
    from glasshouse_observability.versions import UnsupportedVersion
    from glasshouse_observability.wrapping.integration import AlreadyInstrumented

__all__ = [
    "AlreadyInstrumented",
    "LoggingOptions",
    "RedactionPolicy",
    "RegistryInUse",
    "Telemetry",
    "TelemetrySettings",
    "UnsupportedVersion",
    "WrongSetting",
    "instrument_flask",
    "instrument_mongo",
    "instrument_redis",
    "instrument_requests",
    "instrument_rq",
    "note",
    "uninstrument_flask",
    "uninstrument_mongo",
    "uninstrument_redis",
    "uninstrument_requests",
    "uninstrument_rq",
]

# These names are imported on first use: the launcher and the fault agent need only the settings, and importing Flask
# with OpenTelemetry takes a hundred times as long.
_MODULES = {
    "AlreadyInstrumented": "glasshouse_observability.wrapping.integration",
    "LoggingOptions": "glasshouse_observability.logs.config",
    "RedactionPolicy": "glasshouse_observability.redaction",
    "RegistryInUse": "glasshouse_observability.metrics.registry",
    "Telemetry": "glasshouse_observability.telemetry",
    "TelemetrySettings": "glasshouse_observability.settings",
    "UnsupportedVersion": "glasshouse_observability.versions",
    "WrongSetting": "glasshouse_observability.settings",
    "instrument_flask": "glasshouse_observability.flask.instrumentation",
    "instrument_mongo": "glasshouse_observability.mongo.instrumentation",
    "instrument_redis": "glasshouse_observability.redis.instrumentation",
    "instrument_requests": "glasshouse_observability.requests.instrumentation",
    "instrument_rq": "glasshouse_observability.rq",
    "note": "glasshouse_observability.context",
    "uninstrument_flask": "glasshouse_observability.flask.instrumentation",
    "uninstrument_mongo": "glasshouse_observability.mongo.instrumentation",
    "uninstrument_redis": "glasshouse_observability.redis.instrumentation",
    "uninstrument_requests": "glasshouse_observability.requests.instrumentation",
    "uninstrument_rq": "glasshouse_observability.rq",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
