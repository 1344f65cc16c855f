"""The Flask application of the console, wired from its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from flask import Flask
from prometheus_client import CollectorRegistry, Counter

from console.access import routes as access
from console.access.guard import Guard
from console.access.key import session_key
from console.access.sessions import LIFETIME_SECONDS, Sessions
from console.alerting import routes as alerting
from console.boards import routes as boards
from console.boards.files import Dashboards
from console.boards.queries import Asker
from console.config.settings import Settings
from console.faults import drill_routes
from console.faults import routes as faulting
from console.faults.declared import DrillCatalogue
from console.faults.drilling import Drilling
from console.faults.drills import Drills
from console.follow.clients import Clients
from console.inbox import api, health
from console.inbox.store import Inbox
from console.lookup import routes as lookup
from console.lookup.lists import RequestLists
from console.lookup.subject import LocalInbox
from console.overview import routes as overview
from console.overview.summary import Overview
from console.pages import routes as pages
from console.pages import runbooks
from console.reading.together import Together
from console.servers.directory import Directory
from console.servers.http import HttpTransport, Transport
from console.servers.joining import Joining
from console.services import routes as services
from console.tail import routes as tail
from console.times import now as utc_now
from console.web import hosts, packaged, problems, security
from console.web.limits import Places

_MAX_OTHER_BODY = 256 * 1024
_MAX_ANSWER = 8 * 1024 * 1024


def received_counter(registry: CollectorRegistry) -> Counter:
    """Return ``console_inbox_received_total`` with every label set at zero."""
    counter = Counter(
        "console_inbox_received_total",
        "Alert notifications and e-mails that arrived, by outcome",
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
    transport: Transport | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Flask:
    """Return the application; it makes no connection before the first request.

    Raises:
        packaged.PackageMissing: a package whose files the pages load is not installed.
    """
    app = Flask("console")
    app.config["MAX_CONTENT_LENGTH"] = _MAX_OTHER_BODY
    # Revalidated by ETag, so that no browser keeps a stale script after an update.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0
    app.json.sort_keys = False  # type: ignore[attr-defined]
    _remember_sessions(app, settings)
    hosts.only(app, hosts.known_hosts(settings.addresses, settings.public, settings.host))
    app.register_blueprint(health.blueprint(inbox, smtp_alive))
    app.register_blueprint(api.blueprint(inbox, received, settings.max_webhook))
    app.register_blueprint(pages.blueprint(inbox, settings.public, has_jaeger_page, settings.grafana))
    app.register_blueprint(packaged.blueprint(packaged.located()))
    app.register_blueprint(runbooks.blueprint(settings.runbooks, settings.public.prometheus))
    _add_readers(app, settings, inbox, transport or HttpTransport(_MAX_ANSWER), now)
    problems.register(app)
    security.add_headers(app)
    return app


def _add_readers(
    app: Flask, settings: Settings, inbox: Inbox, transport: Transport, now: Callable[[], datetime]
) -> None:
    """Register the blueprints that query other servers. They share one transport and one small thread pool."""
    together = Together()
    joining = Joining(settings.joining_file)
    servers = Directory.at(settings.addresses, transport, joining)
    clients = replace(Clients.at(settings.addresses, transport, joining), inbox=LocalInbox(inbox))
    sessions = Sessions(servers.api)
    guard = Guard(sessions)
    lists = RequestLists(clients.loki, now)
    summary = Overview(together, clients.prometheus, clients.alertmanager, lists, joining=joining)
    for blueprint in (
        access.blueprint(sessions, guard),
        overview.blueprint(summary),
        boards.blueprint(Dashboards(settings.dashboards), Asker(servers), together),
        lookup.blueprint(lists, clients, settings.public, now),
        tail.blueprint(clients.loki, Places(settings.streams), now),
        alerting.blueprint(clients.alertmanager, together, guard, now),
        faulting.blueprint(sessions, guard, clients.prometheus),
        drill_routes.blueprint(
            Drills(settings.drills), DrillCatalogue(settings.drills_catalogue), Drilling(settings.drills), guard
        ),
        services.blueprint(servers.api, clients.prometheus, together, settings.public, settings.version),
    ):
        app.register_blueprint(blueprint)


def _remember_sessions(app: Flask, settings: Settings) -> None:
    """Set up the session cookie. Cookies are sent to every port of a host, so each console has its own cookie name."""
    app.secret_key = session_key(settings.state_dir)
    app.config["SESSION_COOKIE_NAME"] = f"glasshouse_console_{settings.port}"
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Strict"
    app.config["PERMANENT_SESSION_LIFETIME"] = LIFETIME_SECONDS
