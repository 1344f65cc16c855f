"""The application with ``observability/``, as described in README."""

import os

from glasshouse_observability import Telemetry, instrument_flask
from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.mongo.instrumentation import instrument_mongo
from glasshouse_observability.redis.client import instrument_redis
from glasshouse_observability.rq.instrumentation import enqueue
from lab.bench.tax.apps.shop import create_app

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
