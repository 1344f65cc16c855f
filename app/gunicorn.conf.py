"""gunicorn for one API replica: one process, so that exemplars and process metrics work; scale by replicas."""

import sys

from app.settings import ApiSettings
from observability.logs import logging_config
from observability.settings import MISCONFIGURED, TelemetrySettings, WrongSetting
from shop.config import Settings

try:
    _api = ApiSettings.from_env()
    _telemetry = TelemetrySettings.from_env(service="api")
    Settings.from_env()
except WrongSetting as error:
    sys.stderr.write(f"api: {error}\n")
    sys.exit(MISCONFIGURED)

bind = f"{_api.host}:{_api.port}"
workers = 1
worker_class = "app.gunicorn_worker.ProblemWorker"
threads = _api.threads
# Longer than NGINX keeps an idle connection to us: it is never told "closed" in answer to a fresh request.
keepalive = 75
timeout = 30
# All of a stop: draining, finishing, flushing (app/gunicorn_worker.py). Whoever supervises must not kill before.
graceful_timeout = 12
accesslog = None
logger_class = "app.gunicorn_logger.NoAccessLog"
logconfig_dict = logging_config(_telemetry)
# Two processes that share a disk must not share a heartbeat file; memory is quicker anyway.
worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
proc_name = _telemetry.instance
