"""gunicorn settings of one API replica: one process, so exemplars and process metrics work; add replicas to scale."""

from app.settings import ApiSettings
from faults.wiring import FaultSettings
from glasshouse_observability.gunicorn.defaults import accesslog, control_socket_disable, keepalive, worker_tmp_dir
from glasshouse_observability.logs.config import logging_config
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import address, starting
from shop.config import Settings

with starting("api") as _reader:
    _api, _telemetry = _reader.settings(ApiSettings), _reader.settings(TelemetrySettings)
    for _others in (Settings, FaultSettings):
        _reader.settings(_others)

bind = address(_api.host, _api.port)
workers = 1
worker_class = "app.gunicorn_worker.ProblemWorker"
threads = _api.threads
timeout = 30
# The time for the whole shutdown: draining, finishing requests, flushing telemetry (app/gunicorn_worker.py). A
# supervisor must wait longer before it kills the process.
graceful_timeout = 12
logger_class = "app.gunicorn_logger.NoAccessLog"
logconfig_dict = logging_config(_telemetry)
proc_name = _telemetry.instance
