"""The console's JSON interface: it receives alerts by webhook and serves the inbox."""

from __future__ import annotations

import logging
import re
from datetime import datetime

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import Counter
from pydantic import ValidationError

from console.inbox.store import KINDS, Inbox, InboxUnavailable
from console.inbox.webhook import Notification, alert_item
from console.times import parse
from console.web.arguments import whole_number
from console.web.problems import problem

MAX_LIMIT = 1_000
SHOWN_ERRORS = 20

log = logging.getLogger(__name__)


def blueprint(inbox: Inbox, received: Counter, max_webhook: int) -> Blueprint:
    """Return the routes under ``/api`` for one inbox."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.post("/alerts/webhook")
    def receive_alerts() -> Response:
        """Store one notification of Alertmanager; 200 is returned once it is on disk."""
        if request.mimetype != "application/json":
            # A page of another origin cannot send this type without a CORS preflight, so no page can forge an alert.
            return problem(415, "Send Content-Type: application/json, as Alertmanager does.")
        request.max_content_length = max_webhook
        try:
            notification = Notification.model_validate_json(request.get_data(cache=False))
        except ValidationError as error:
            received.labels("alert", "rejected").inc()
            return _of_validation(error)
        item = inbox.add("alert", alert_item(notification))
        received.labels("alert", "stored").inc()
        fields = {"event": "inbox.alert", "inbox_id": item["id"], "alert": item["title"], "status": item["status"]}
        log.info("alert received: %s %s", item["title"], item["status"], extra=fields)
        return jsonify({"id": item["id"]})

    @api.get("/inbox")
    def list_inbox() -> Response:
        """Return the newest items. ``kind``: alert or email; ``limit``: 1-1000; ``since``: id (exclusive) or time."""
        limit = whole_number("limit", 100, 1, MAX_LIMIT)
        after_id, since = _since()
        items = inbox.newest(kind=kind_asked_for(), limit=limit, after_id=after_id, since=since)
        return jsonify({"items": items})

    @api.get("/inbox/<int:identity>")
    def show_item(identity: int) -> Response:
        """Return one item by its id."""
        item = inbox.get(identity) if identity < 2**63 else None
        if item is None:
            return problem(404, f"The inbox has no item {identity}; the oldest items are deleted.")
        return jsonify(item)

    @api.app_errorhandler(InboxUnavailable)
    def of_inbox(error: InboxUnavailable) -> Response:
        """Register the handler of inbox errors for every route and page that reads the inbox."""
        log.error("the inbox is not available: %s", error)
        answer = problem(503, "The inbox cannot be read or written now; its disk may be full. Try again.")
        answer.headers["Retry-After"] = "5"
        return answer

    return api


def kind_asked_for() -> str | None:
    """Return the ``kind`` of the query, None for both kinds; 400 for any other value."""
    kind = request.args.get("kind") or None
    if kind is not None and kind not in KINDS:
        abort(400, f"kind must be one of {', '.join(KINDS)}, or omitted.")
    return kind


def _since() -> tuple[int, datetime | None]:
    raw = request.args.get("since", "").strip()
    if not raw:
        return 0, None
    if re.fullmatch(r"[0-9]{1,18}", raw):
        return int(raw), None
    moment = parse(raw) or parse(raw.replace(" ", "+"))  # an unescaped + of a time zone arrives as a space
    if moment is None:
        abort(400, "since must be an item's id, or a time such as 2026-11-23T04:00:00Z.")
    return 0, moment


def _of_validation(error: ValidationError) -> Response:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return problem(400, f"The body is not JSON: {faults[0]['msg']}.", "not-json")
    errors = [
        {"pointer": "".join(f"/{part}" for part in fault["loc"]), "detail": fault["msg"]}
        for fault in faults[:SHOWN_ERRORS]
    ]
    detail = "The body is not an Alertmanager notification of version 4; see errors."
    return problem(422, detail, "invalid", errors=errors)
