"""The console's first page: the inbox, drawn on the server, usable without scripts."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Response, render_template

from console.addresses import Addresses
from console.api import kind_asked_for, whole_number
from console.inbox import KINDS, Inbox
from console.links import query_links, server_links

OVERVIEW_ITEMS = 20
PAGE_ITEMS = 100
ALL_ITEMS = 1_000

# Scripts and styles from this server's files only; nothing inline, nothing from elsewhere, no framing.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def blueprint(inbox: Inbox, addresses: Addresses, has_jaeger_page: Callable[[], bool]) -> Blueprint:
    """Return the page ``/``; every page of the application links to the other servers of the installation."""
    pages = Blueprint("pages", __name__)

    @pages.app_context_processor
    def add_links() -> dict[str, object]:
        return {"servers": server_links(addresses, has_jaeger_page())}

    @pages.get("/")
    def show_inbox() -> str:
        """The newest alerts beside the newest e-mails, or those of one ``?kind=``; ``?limit=`` shows more."""
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


def secure(app: Flask) -> None:
    """Send the headers that keep a page from being framed, sniffed, or scripted by what it shows."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if not response.cache_control:
            response.cache_control.no_store = True
        return response
