"""gunicorn for one API replica: one process, so that exemplars and process metrics work; scale by replicas."""

from app.settings import ApiSettings
from faults.wiring import FaultSettings
from observability.logs import logging_config
from observability.settings import TelemetrySettings
from observability.startup import address, starting
from shop.config import Settings

with starting("api") as _reader:
    _api, _telemetry = _reader.settings(ApiSettings), _reader.settings(TelemetrySettings)
    for _others in (Settings, FaultSettings):
        _reader.settings(_others)

bind = address(_api.host, _api.port)
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
