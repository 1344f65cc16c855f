"""``python -m workers``: one RQ worker."""

from __future__ import annotations

import logging
import os
import sys
import uuid
from typing import Any

import redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from faults.wiring import FaultSettings, faults_from_env
from glasshouse_observability import Telemetry, uninstrument_redis
from glasshouse_observability.requests.metrics import ClientMetrics
from glasshouse_observability.rq import ReusingWorker, declare_jobs, watch_queues
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import starting
from shop.adapters.circuit import CircuitCollector
from shop.adapters.queue import FULFIL
from shop.bootstrap import Instruments, new_shop, payment_circuit
from shop.config import Settings
from workers import jobs
from workers.order_job import OrderJob
from workers.waiting import wait_for_redis

_log = logging.getLogger("workers")
# A worker blocks on the queue for as long as RQ requires; its connection must not time out meanwhile.
_BLOCKING: dict[str, Any] = {"socket_timeout": None, "socket_keepalive": True}
# A running scrape delays a fork, so its time limit is short.
_ASKING: dict[str, Any] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
LONGEST_PAUSE_SECONDS = 2.0


def main() -> int:
    """Run the worker until SIGTERM; return the exit status. A wrong setting exits with 78."""
    with starting("worker") as reader:
        settings = reader.settings(Settings)
        for others in (TelemetrySettings, FaultSettings):
            reader.settings(others)
    telemetry = Telemetry.start(service="worker")
    instruments = Instruments.install(telemetry)
    asking = redis.Redis.from_url(settings.redis_url, **_ASKING)
    CircuitCollector([payment_circuit(settings, asking)], telemetry.registry)
    faults = faults_from_env(telemetry.settings.service, telemetry.settings.instance)
    # If the first failure created its series, it would not count as an increase, and alerts would miss it.
    telemetry.part(ClientMetrics).declare(settings.payments_url, "POST", 0, 200, 201, 402, 500, 503)
    jobs.wire(lambda: new_shop(settings, instruments, faults))

    connection = redis.Redis.from_url(settings.redis_url, **_BLOCKING)
    for client in (asking, connection):
        # Not observed: a command that blocks for five seconds for a job would look like a slow Redis.
        uninstrument_redis(client)
    wait_for_redis(connection)
    watch_queues(telemetry, [Queue(settings.queue, connection=asking, serializer=JSONSerializer)])
    declare_jobs(telemetry, settings.queue, FULFIL)
    worker = ReusingWorker(
        [Queue(settings.queue, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        jobs_per_work_horse=settings.jobs_per_fork,
        job_class=OrderJob,
        # A worker that is restarted before its registration expires must not use the same name again.
        name=f"{telemetry.settings.instance}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
    )
    shorten_pauses(worker)
    if faults is not None:
        from workers.stall import stall

        stall(worker, faults)
        worker.epoch = faults.epoch
        faults.start()
    _log.info("worker ready", extra={"event": "worker.ready", "queue": settings.queue})
    try:
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        # RQ cannot even deregister the worker. The supervisor starts another, which waits for Redis.
        _log.error("worker exits because Redis is unavailable: %s", error, extra={"event": "worker.redis_unavailable"})
        return 1
    _log.info("worker stopped", extra={"event": "worker.stopped"})
    return 0


def shorten_pauses(worker: Worker) -> None:
    """While Redis is down, RQ doubles its pauses up to a minute: orders would wait long after Redis has recovered."""
    worker.max_connection_wait_time = LONGEST_PAUSE_SECONDS


if __name__ == "__main__":
    sys.exit(main())
