"""The factory of the Flask application."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import admin, auth, draining, headers, health, identity, limits, openapi, orders, overload, problems, products
from app.json_provider import OrjsonProvider
from app.prepare import Preparation
from app.profiling import admin as admin_profiles
from app.profiling import capture as profiling
from app.profiling.store import Profiles
from app.progress import Progress
from app.settings import ApiSettings
from glasshouse_observability import Telemetry, instrument_flask
from shop.bootstrap import Shop

MAX_BODY_BYTES = 64 * 1024
"""Bytes. The largest order is a few kilobytes; larger bodies are rejected without being read."""


def create_app(
    shop: Shop,
    telemetry: Telemetry,
    preparation: Preparation,
    settings: ApiSettings,
    extend: Callable[[Flask], None] | None = None,
    profiles: Profiles | None = None,
) -> Flask:
    """Return the application with its routes, error handlers and telemetry; does not connect to anything.

    Routes that ``extend`` adds are observed like all others. Requests can be profiled if ``profiles``, their store, is
    given.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json = OrjsonProvider(app)
    problems.register(app)
    overload.install(app)
    identity.install(app, settings, shop.revocations)
    if profiles is not None:
        profiling.install(app, profiles, telemetry.settings.instance)
        app.register_blueprint(admin_profiles.blueprint(profiles))
    headers.install(app, settings.cors_origins)
    limiter = limits.new_limiter(app, settings)
    # Streams may occupy at most half of the threads.
    ending = draining.install(app)
    progress = Progress(shop.orders, max(1, settings.threads // 2), telemetry.registry, stopping=lambda: ending.begun)
    app.register_blueprint(auth.blueprint(shop.register, shop.log_in, shop.revocations, limiter, settings))
    app.register_blueprint(products.blueprint(shop.catalogue, shop.browsing))
    app.register_blueprint(
        orders.blueprint(shop.place_order, shop.cancel_order, shop.orders, progress, limiter, settings)
    )
    app.register_blueprint(admin.blueprint(shop.catalogue, shop.orders, shop.retry_dead_letter))
    # Redis is optional: without it, products are read from MongoDB, and orders wait for the sweeper.
    required = {"mongo": shop.probes["mongo"], "catalogue": preparation.check}
    app.register_blueprint(health.blueprint(required, {"redis": shop.probes["redis"]}, ending))
    app.register_blueprint(openapi.blueprint())
    if extend is not None:
        extend(app)
    instrument_flask(app, telemetry, excluded_urls="healthz,readyz")
    app.wsgi_app = overload.counted_from_its_arrival(app.wsgi_app)  # type: ignore[assignment, method-assign]
    # Exactly one proxy, NGINX, is in front of this process. Only its header is trusted for the client's address.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app
