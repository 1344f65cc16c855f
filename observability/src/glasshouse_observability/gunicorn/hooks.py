"""gunicorn hooks for a replica with one or several workers. In ``gunicorn.conf.py``::

    from glasshouse_observability.gunicorn.hooks import child_exit, json_logs, post_fork, pre_fork, when_ready

    logconfig_dict = json_logs("api")

With one worker, the worker serves ``/metrics`` itself, with exemplars. With several, set ``PROMETHEUS_MULTIPROC_DIR``:
the workers count in shared files (``metrics.multiprocess``) and gunicorn's master, which runs as long as the replica,
serves the sums. Without that setting the hooks only reject configurations that cannot work. A configuration
that defines these hooks itself must call the functions of this module in them.
"""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from glasshouse_observability.logs.config import logging_config
from glasshouse_observability.metrics import multiprocess
from glasshouse_observability.metrics.multiprocess import SETTING, SharedFolder
from glasshouse_observability.metrics.server import MetricsServer
from glasshouse_observability.settings import AnyPath, Declared, Problem, Reader, TelemetrySettings, WrongSetting
from glasshouse_observability.startup import refuse, starting

_log = logging.getLogger(__name__)
SHARED_FOLDER = Declared(SETTING, AnyPath(), None, "a folder where several gunicorn workers share their metrics")


def json_logs(service: str | None = None) -> dict[str, Any]:
    """Return gunicorn's ``logconfig_dict``, which formats gunicorn's log lines like the application's.

    A wrong setting ends the process with status 78 and one line that names it (``glasshouse_observability.startup``).
    """
    with starting(service or "") as reader:
        settings = reader.settings(TelemetrySettings)
    return logging_config(settings)


def when_ready(server: Any) -> None:
    """In the master, before the first worker: with several workers, create their folder and serve its ``/metrics``."""
    if server.cfg.preload_app:
        _refuse("preload_app", "True", "False, because telemetry starts in each worker, after the fork")
    reader = Reader(OTEL_SERVICE_NAME="gunicorn")
    settings, folder = reader.settings(TelemetrySettings), reader.value(SHARED_FOLDER)
    if folder is None and server.cfg.workers > 1 and settings.metrics_port:
        reader.refuse(SETTING, None, f"a folder where {server.cfg.workers} workers may share their counts")
    try:
        reader.finish()
    except WrongSetting as error:
        refuse("gunicorn", error)
    if folder is None:
        return
    try:
        server.shared_metrics = SharedFolder(str(folder))
    except OSError as error:
        _refuse(SETTING, repr(str(folder)), f"a folder that can be created and written ({error.strerror})")
    if settings.metrics_port:
        registry, errors = server.shared_metrics.registry()
        server.metrics_server = MetricsServer(registry, settings.metrics_host, settings.metrics_port, errors)


def pre_fork(server: Any, worker: Any) -> None:
    """In the master: assign the lowest free slot to the worker that is about to be forked."""
    if _shared(server) is None and getattr(server, "num_workers", 1) > 1:
        # Only after a signal (TTIN), because ``when_ready`` refuses such a configuration.
        _log.error(
            "%d workers, but %s is not set: the port for metrics serves the numbers of one of them",
            server.num_workers,
            SETTING,
            extra={"event": "metrics.workers_not_shared"},
        )
    # The worker has no slot if it was forked before a reload added the hooks.
    taken = {getattr(other, "metrics_slot", -1) for other in server.WORKERS.values()}
    worker.metrics_slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """In the worker: count in the shared files, if there are any."""
    if shared := _shared(server):
        multiprocess.join(shared.path, worker.metrics_slot)


def child_exit(server: Any, worker: Any) -> None:
    """In the master: handle a worker's exit. Its counts are kept, its gauges are removed."""
    if shared := _shared(server):
        shared.forget_gauges(worker.metrics_slot)


def _shared(server: Any) -> SharedFolder | None:
    shared: SharedFolder | None = getattr(server, "shared_metrics", None)
    return shared


def _refuse(name: str, shown: str, allowed: str) -> NoReturn:
    refuse("gunicorn", WrongSetting(Problem(name, shown, allowed)))
