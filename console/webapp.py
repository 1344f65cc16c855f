"""The Flask application of the console, wired from its parts."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from prometheus_client import CollectorRegistry, Counter

from console import api, health, pages, problems, runbooks
from console.inbox import Inbox
from console.settings import Settings

_MAX_OTHER_BODY = 64 * 1024


def received_counter(registry: CollectorRegistry) -> Counter:
    """Return ``console_inbox_received_total``, every label set at zero."""
    counter = Counter(
        "console_inbox_received_total",
        "Alert notifications and e-mails that arrived, by what became of them",
        ["kind", "outcome"],
        registry=registry,
    )
    for kind, outcomes in (("alert", ("stored", "rejected")), ("email", ("stored", "duplicate", "error"))):
        for outcome in outcomes:
            counter.labels(kind, outcome)
    return counter


def create_app(
    settings: Settings,
    inbox: Inbox,
    received: Counter,
    smtp_alive: Callable[[], bool],
    has_jaeger_page: Callable[[], bool] = lambda: False,
) -> Flask:
    """Return the application; it opens nothing and starts nothing."""
    app = Flask("console")
    app.config["MAX_CONTENT_LENGTH"] = _MAX_OTHER_BODY
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0  # revalidated by ETag: after an update no stale script stays
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(health.blueprint(inbox, smtp_alive))
    app.register_blueprint(api.blueprint(inbox, received, settings.max_webhook))
    app.register_blueprint(pages.blueprint(inbox, settings.addresses, has_jaeger_page))
    app.register_blueprint(runbooks.blueprint(settings.runbooks))
    problems.register(app)
    pages.secure(app)
    return app
