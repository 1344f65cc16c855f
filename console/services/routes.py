"""``/api/services``: every service, its purpose, whether it is up, and its interface.

The shop describes itself (OpenAPI); the documents of the payment service and the console are generated here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify

from console.config.addresses import Addresses
from console.reading.memo import Memo
from console.reading.together import Together
from console.servers.http import JsonServer
from console.servers.prometheus import Prometheus
from console.services.openapi import document_of, endpoints_of
from console.web.problems import problem

FRESH_SECONDS = 5.0
_SERVICES: tuple[tuple[str, str, str], ...] = (
    ("api", "HTTP API of the shop", "Accepts orders; serves products and accounts. Flask, two replicas behind NGINX."),
    (
        "worker",
        "Fulfils orders",
        "Processes jobs from the queue: reserves stock, charges, and sends the e-mail.",
    ),
    ("sweeper", "Finds unprocessed orders", "Enqueues orders that have no job."),
    ("payments", "The payment provider", "A separate service with its own ledger. Only workers call it."),
    ("console", "This console", "The inbox for alerts and e-mail, and all pages of this site."),
    ("nginx", "Front door", "Distributes requests to the API's replicas and assigns each request an ID."),
    (
        "collector",
        "OpenTelemetry Collector",
        "Receives spans and log files. Creates span metrics and the service graph.",
    ),
    ("prometheus", "Metrics", "Scrapes all targets every five seconds and evaluates the rules."),
    (
        "victorialogs",
        "Log store",
        "VictoriaLogs: stores the log lines, searchable by any field, such as request and trace ids.",
    ),
    ("log-gateway", "Log gateway", "Serves Loki's API (ingestion and LogQL) from the log lines in VictoriaLogs."),
    ("loki", "Log store", "Loki: stores the log lines, with request and trace ids as metadata."),
    ("jaeger", "Traces", "Stores the spans."),
    ("alertmanager", "Notifications", "Groups, inhibits, silences and routes alerts."),
)
_LOG_STORES = frozenset({"victorialogs", "log-gateway", "loki"})
"""Either the first two run, or the last one. The list shows the store that Prometheus scrapes."""
_FREE = (("POST", "/api/query"), ("POST", "/api/session"), ("POST", "/api/alerts/webhook"))
"""The console's POST endpoints without sign-in: a read-only query, the sign-in itself, Alertmanager's webhook."""
_PAYMENTS = (
    ("POST", "/v1/charges", "Charge an order; the Idempotency-Key is the order's id"),
    ("GET", "/healthz", "Alive"),
    ("GET", "/readyz", "Ready: its database responds"),
)


def blueprint(
    api: JsonServer, prometheus: Prometheus, together: Together, public: Addresses, version: str
) -> Blueprint:
    """Return the route."""
    routes = Blueprint("services", __name__, url_prefix="/api")
    memo = Memo(FRESH_SECONDS)

    @routes.get("/services")
    def show() -> Response:
        """List the services with their endpoints."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        return jsonify(memo.get("services", lambda: _read(app, api, prometheus, together, public)))

    @routes.get("/services/<service>/openapi.json")
    def document(service: str) -> Response:
        """Return the OpenAPI document of the payment service or of the console."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        endpoints = {"payments": _payments(), "console": _own(app)}.get(service)
        if endpoints is None:
            return problem(404, "The console has no OpenAPI document for this service; the shop's API serves its own.")
        return jsonify(document_of(service, version, endpoints))

    return routes


def _read(app: Flask, api: JsonServer, prometheus: Prometheus, together: Together, public: Addresses) -> dict[str, Any]:
    def document() -> list[dict[str, Any]]:
        return api.get("/api/openapi.json", {}, endpoints_of)

    found, notes = together.ask(
        {
            "document": document,
            "up": lambda: prometheus.query("sum by (job) (up)"),
            "of": lambda: prometheus.query("count by (job) (up)"),
        }
    )
    up, of = (
        {sample.labels.get("job", ""): int(sample.value) for sample in found[name] or ()} for name in ("up", "of")
    )
    endpoints = {
        "api": found["document"] or [],
        "payments": _payments(),
        "console": _own(app),
    }
    links = {
        name: [{"title": "openapi.json", "url": f"/api/services/{name}/openapi.json"}]
        for name in ("payments", "console")
    } | {
        "api": [
            {"title": "OpenAPI page", "url": f"{public.api}/api/docs"},
            {"title": "openapi.json", "url": f"{public.api}/api/openapi.json"},
        ]
        if public.api
        else []
    }
    services = [
        {
            "id": name, "title": title, "text": text, "up": up.get(name), "of": of.get(name),
            "endpoints": endpoints.get(name, []), "links": links.get(name, []),
        }
        for name, title, text in _SERVICES
        if name not in _LOG_STORES or name in of
    ]  # fmt: skip
    return {"services": services, "notes": notes}


def _payments() -> list[dict[str, Any]]:
    return [{"method": m, "path": p, "summary": s, "auth": False} for m, p, s in _PAYMENTS]


def _own(app: Flask) -> list[dict[str, Any]]:
    """Return the console's own routes, each with the first sentence of its view's docstring."""

    def entries() -> Iterable[dict[str, Any]]:
        for rule in app.url_map.iter_rules():
            if not rule.rule.startswith("/api/"):
                continue
            said = (app.view_functions[rule.endpoint].__doc__ or "").strip().split("\n")[0]
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                auth = method != "GET" and (method, rule.rule) not in _FREE
                yield {"method": method, "path": rule.rule, "summary": said, "auth": auth}

    return sorted(entries(), key=lambda entry: (entry["path"], entry["method"]))
