"""gunicorn settings of the payment service: one process with threads, like the API."""

from faults.wiring import FaultSettings
from glasshouse_observability.gunicorn.defaults import accesslog, control_socket_disable, keepalive, worker_tmp_dir
from glasshouse_observability.logs.config import logging_config
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import address, starting
from payments.settings import PaymentSettings

with starting("payments") as _reader:
    _settings, _telemetry = _reader.settings(PaymentSettings), _reader.settings(TelemetrySettings)
    _reader.settings(FaultSettings)

bind = address(_settings.host, _settings.port)
workers = 1
worker_class = "gthread"
threads = _settings.threads
timeout = 30
# Less than the ten seconds after which a supervisor kills the process.
graceful_timeout = 8
logconfig_dict = logging_config(_telemetry)
proc_name = _telemetry.instance
