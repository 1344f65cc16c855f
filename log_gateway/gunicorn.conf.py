"""gunicorn for the log gateway: one process, with a thread for each batch being written to disk."""

import sys

from log_gateway.settings import GatewaySettings
from observability.logs import logging_config
from observability.settings import MISCONFIGURED, TelemetrySettings, WrongSetting

try:
    _settings = GatewaySettings.from_env()
    _telemetry = TelemetrySettings.from_env(service="log-gateway")
except WrongSetting as error:
    sys.stderr.write(f"log-gateway: {error}\n")
    sys.exit(MISCONFIGURED)

bind = f"{_settings.host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = _settings.threads
keepalive = 75
timeout = 60
# Less than the ten seconds after which a supervisor kills the process.
graceful_timeout = 8
accesslog = None
logconfig_dict = logging_config(_telemetry)
worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
proc_name = _telemetry.instance
