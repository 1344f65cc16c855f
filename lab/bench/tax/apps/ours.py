"""The application with ``observability/``, as described in README."""

import os

import redis
from pymongo import MongoClient

from glasshouse_observability import Telemetry, instrument_flask, instrument_mongo, instrument_redis, instrument_rq
from lab.bench.tax.apps.shop import create_app

telemetry = Telemetry.start()
instrument_mongo(telemetry)
instrument_redis(telemetry)
instrument_rq(telemetry)
app = create_app(redis.Redis.from_url(os.environ["REDIS_URL"]), MongoClient(os.environ["MONGO_URL"]))
instrument_flask(app, telemetry)
