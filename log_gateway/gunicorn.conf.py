"""gunicorn settings for the log gateway: one process, with a thread for each batch being written to disk."""

from glasshouse_observability.gunicorn.defaults import accesslog, control_socket_disable, keepalive, worker_tmp_dir
from glasshouse_observability.logs.config import logging_config
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import address, starting
from log_gateway.settings import GatewaySettings

with starting("log-gateway") as _reader:
    _settings, _telemetry = _reader.settings(GatewaySettings), _reader.settings(TelemetrySettings)

bind = address(_settings.host, _settings.port)
workers = 1
worker_class = "gthread"
threads = _settings.threads
timeout = 60
# Shorter than the ten seconds after which a supervisor kills the process.
graceful_timeout = 8
logconfig_dict = logging_config(_telemetry)
proc_name = _telemetry.instance
