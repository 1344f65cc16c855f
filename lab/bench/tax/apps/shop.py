"""The application that all variants share: a cached read, a read from MongoDB, an order. It has no telemetry.

It is self-contained, because most variants run in an environment without Glasshouse.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import orjson
import redis
from flask import Flask, Response, abort, request
from pymongo import MongoClient
from rq import Queue
from rq.serializers import JSONSerializer

DATABASE = "bench"
JOB = "workers.jobs.fulfil_order"


def connect() -> tuple[redis.Redis, MongoClient[dict[str, Any]]]:
    """Clients of the benchmark's servers without instrumentation."""
    return redis.Redis.from_url(os.environ["REDIS_URL"]), MongoClient(os.environ["MONGO_URL"])


def create_app(
    cache: redis.Redis,
    mongo: MongoClient[dict[str, Any]],
    enqueue: Callable[[Queue, str, str], object] = lambda queue, job, order_id: queue.enqueue(job, order_id),
) -> Flask:
    """Return an application with three endpoints on Redis and MongoDB. Orders go to an RQ queue without a worker."""
    app = Flask("shop")
    # Looked up once, like in a real application, because the driver creates a new object each time.
    products, orders = mongo[DATABASE].products, mongo[DATABASE].orders
    queue = Queue("orders", connection=cache, serializer=JSONSerializer)

    @app.get("/cached/<product_id>")
    def cached(product_id: str) -> Response:
        raw: Any = cache.get(f"product:{product_id}")
        if raw is None:
            raw = orjson.dumps(_product(product_id))
            cache.set(f"product:{product_id}", raw)
        return Response(raw, content_type="application/json")

    @app.get("/products/<product_id>")
    def stored(product_id: str) -> Response:
        return _json(_product(product_id))

    @app.post("/orders")
    def order() -> Response:
        wanted = request.get_json()
        product = _product(str(wanted["product_id"]))
        if not 1 <= int(wanted["quantity"]) <= 100:
            abort(422)
        total = product["price_cents"] * int(wanted["quantity"])
        inserted = orders.insert_one({"product_id": product["id"], "total_cents": total, "status": "pending"})
        enqueue(queue, JOB, str(inserted.inserted_id))
        return _json({"id": str(inserted.inserted_id), "total_cents": total}, 202)

    def _product(product_id: str) -> dict[str, Any]:
        found = products.find_one({"_id": product_id})
        if found is None:
            abort(404)
        return {"id": found["_id"], **{name: found[name] for name in ("name", "price_cents", "stock")}}

    return app


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")
