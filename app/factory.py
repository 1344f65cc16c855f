"""The Flask application, from its parts."""

from __future__ import annotations

from flask import Flask

from app import health, orders, problems, products
from app.prepare import Preparation
from observability import Telemetry, instrument_flask
from shop.bootstrap import Shop

MAX_BODY_BYTES = 64 * 1024
"""The largest order is a few kilobytes; nobody may make us read more than this."""


def create_app(shop: Shop, telemetry: Telemetry, preparation: Preparation) -> Flask:
    """Routes, error answers and telemetry; connects to nothing."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.register_blueprint(products.blueprint(shop.catalogue))
    app.register_blueprint(orders.blueprint(shop.place_order, shop.orders))
    # Redis is missed but not needed: products come from MongoDB, orders wait for the sweeper.
    required = {"mongo": shop.probes["mongo"], "catalogue": preparation.check}
    app.register_blueprint(health.blueprint(required, {"redis": shop.probes["redis"]}))
    problems.register(app)
    instrument_flask(app, telemetry)
    return app
