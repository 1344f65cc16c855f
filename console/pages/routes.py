"""The pages. The inbox is rendered here without scripts; the others are frames that scripts fill with JSON data."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request

from console.config.addresses import Addresses
from console.inbox.api import kind_asked_for
from console.inbox.store import KINDS, Inbox
from console.web.arguments import whole_number
from console.web.links import query_links, server_links

OVERVIEW_ITEMS = 20
PAGE_ITEMS = 100
ALL_ITEMS = 1_000

# (endpoint, address, name, shortcut key after "g")
PAGES = (
    ("overview", "/", "Overview", "o"),
    ("dashboards", "/dashboards", "Dashboards", "d"),
    ("requests", "/requests", "Requests", "r"),
    ("logs", "/logs", "Logs", "l"),
    ("alerts", "/alerts", "Alerts", "a"),
    ("inbox", "/inbox", "Inbox", "i"),
    ("faults", "/faults", "Faults", "f"),
    ("api", "/api", "API", "p"),
)


def blueprint(
    inbox: Inbox,
    addresses: Addresses,
    has_jaeger_page: Callable[[], bool],
    grafana: str = "",
) -> Blueprint:
    """Return every page; ``addresses`` are those that a browser can open."""
    pages = Blueprint("pages", __name__)

    @pages.app_context_processor
    def add_links() -> dict[str, object]:
        return {
            "servers": server_links(addresses, has_jaeger_page(), grafana),
            "pages": PAGES,
            "here": next((path for _, path, _, _ in PAGES[1:] if _is_under(request.path, path)), "/"),
            "addresses": addresses,
            "jaeger_has_page": has_jaeger_page(),
            "grafana": grafana,
        }

    def frame(name: str, path: str) -> None:
        pages.add_url_rule(path, f"{name}_page", lambda **_: render_template(f"{name}.html"))

    frame("overview", "/")
    frame("dashboards", "/dashboards")
    frame("requests", "/requests")
    frame("logs", "/logs")
    frame("alerts", "/alerts")
    frame("faults", "/faults")
    frame("api", "/api")

    @pages.get("/dashboards/<uid>")
    def show_dashboard(uid: str) -> str:
        """Return the page of one dashboard."""
        return render_template("dashboard.html", uid=uid)

    @pages.get("/d/<uid>")
    def grafana_path(uid: str) -> str:
        """Return the dashboard under Grafana's path, so that links between dashboards work here too."""
        return render_template("dashboard.html", uid=uid)

    @pages.get("/requests/<identity>")
    def show_request(identity: str) -> str:
        """Return the page of one request."""
        return render_template("request.html", identity=identity)

    @pages.get("/inbox")
    def show_inbox() -> str:
        """Return the newest alerts and the newest e-mails, or only one ``?kind=``; ``?limit=`` shows more."""
        kind = kind_asked_for()
        limit = whole_number("limit", PAGE_ITEMS if kind else OVERVIEW_ITEMS, 1, ALL_ITEMS)
        sections = {name: inbox.newest(kind=name, limit=limit) for name in KINDS if kind in (None, name)}
        return render_template(
            "inbox.html",
            sections=sections,
            newest=max((items[0]["id"] for items in sections.values() if items), default=0),
            kind=kind,
            limit=limit,
            all_items=ALL_ITEMS,
            api_url=addresses.api,
            query_links=lambda alert: query_links(alert, addresses),
        )

    return pages


def _is_under(path: str, page: str) -> bool:
    if page == "/dashboards" and path.startswith("/d/"):
        return True
    if page == "/alerts" and path.startswith("/runbooks"):
        return True
    return path == page or path.startswith(f"{page}/")
