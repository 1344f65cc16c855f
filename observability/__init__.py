"""Logs, metrics and traces for any Flask + RQ + pymongo + redis process, in a few lines.

::

    from observability import Telemetry, instrument_flask

    telemetry = Telemetry.start()          # settings from the environment
    instrument_flask(app, telemetry)       # request id, one log line, RED metrics, one span per request

An RQ worker is had by ``observability.rq.instrument_worker(telemetry, queues)``; enqueue with
``observability.rq.enqueue``. Nothing in this
package knows the shop: it can be carried into another project as it is.
"""

from observability.flask import instrument_flask
from observability.settings import TelemetrySettings, WrongSetting
from observability.telemetry import Telemetry

__all__ = ["Telemetry", "TelemetrySettings", "WrongSetting", "instrument_flask"]
