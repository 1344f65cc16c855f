"""gunicorn for the payment service: one process and threads, as the API."""

import sys

from observability.logs import logging_config
from observability.settings import MISCONFIGURED, TelemetrySettings, WrongSetting
from payments.settings import PaymentSettings

try:
    _settings = PaymentSettings.from_env()
    _telemetry = TelemetrySettings.from_env(service="payments")
except WrongSetting as error:
    sys.stderr.write(f"payments: {error}\n")
    sys.exit(MISCONFIGURED)

bind = f"{_settings.host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = _settings.threads
keepalive = 75
timeout = 30
# Less than the ten seconds after which a supervisor kills.
graceful_timeout = 8
accesslog = None
logconfig_dict = logging_config(_telemetry)
worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
proc_name = _telemetry.instance
