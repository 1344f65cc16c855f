"""``/api/overview``."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from console.overview.summary import Overview
from console.reading.memo import Memo

FRESH_SECONDS = 2.0


def blueprint(overview: Overview) -> Blueprint:
    """Return the route; all requests within two seconds share one response."""
    routes = Blueprint("overview", __name__, url_prefix="/api")
    memo = Memo(FRESH_SECONDS)

    @routes.get("/overview")
    def show() -> Response:
        """Return all data of the first page."""
        return jsonify(memo.get("overview", overview.read))

    return routes
