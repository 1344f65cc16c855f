"""The application with ``observability/``, as described in README."""

import os

from lab.bench.tax.apps.shop import create_app
from observability import Telemetry, instrument_flask
from observability.database import DatabaseMetrics
from observability.mongo import instrument_mongo
from observability.redis_client import instrument_redis
from observability.rq import enqueue

telemetry = Telemetry.start()
_metrics = DatabaseMetrics(telemetry.registry)
_mongo = instrument_mongo(telemetry, _metrics)(os.environ["MONGO_URL"])
_cache = instrument_redis(telemetry, _metrics)(os.environ["REDIS_URL"])
_tracer = telemetry.tracer("shop")
app = create_app(
    _cache,
    _mongo,
    lambda queue, job, order_id: enqueue(_tracer, queue, job, order_id),
)
instrument_flask(app, telemetry)
