"""``/api/alerts``: firing and silenced alerts; signed-in users can create and end silences."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, jsonify

from console.access.guard import Guard
from console.alerting.firing import entry
from console.reading.memo import Memo
from console.reading.together import Together
from console.servers.alertmanager import Alertmanager
from console.times import rfc3339
from console.web.arguments import json_object
from console.web.problems import problem

FRESH_SECONDS = 2.0
LONGEST_MINUTES = 24 * 60
SHORTEST_REASON = 5
LONGEST_REASON = 300
MOST_LABELS = 30
_SILENCE = re.compile(r"[0-9a-f-]{36}")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,99}")


def blueprint(alertmanager: Alertmanager, together: Together, guard: Guard, now: Callable[[], datetime]) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("alerting", __name__, url_prefix="/api")
    memo = Memo(FRESH_SECONDS)

    @routes.get("/alerts")
    def show() -> Response:
        """Return every alert of Alertmanager, those with severity ``page`` first, and the silences."""

        def read() -> dict[str, object]:
            found, notes = together.ask({"alerts": alertmanager.all, "silences": alertmanager.silences})
            alerts = (
                None
                if found["alerts"] is None
                else sorted(
                    (entry(alert) for alert in found["alerts"]), key=lambda alert: (alert["rank"], alert["since"])
                )
            )
            return {"alerts": alerts, "silences": found["silences"] or [], "notes": notes}

        return jsonify(memo.get("alerts", read))

    @routes.post("/alerts/silences")
    def add() -> tuple[Response, int]:
        """Silence the alerts that have these labels for ``minutes``, with a reason."""
        session = guard.required()
        asked = json_object()
        reason, minutes = str(asked.get("reason", "")).strip(), asked.get("minutes")
        if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
            abort(400, f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters; other users will see it.")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= LONGEST_MINUTES:
            abort(400, f"minutes must be a whole number from 1 to {LONGEST_MINUTES}.")
        matchers = _matchers(asked.get("labels"))
        start = now()
        identity = alertmanager.silence(
            matchers, rfc3339(start), rfc3339(start + timedelta(minutes=minutes)), session.email, reason
        )
        memo.forget()
        guard.record("silence.added", silence_id=identity, reason=reason, minutes=minutes)
        return jsonify({"id": identity}), 201

    @routes.delete("/alerts/silences/<identity>")
    def end(identity: str) -> Response | tuple[str, int]:
        """End a silence before it expires."""
        guard.required()
        if not _SILENCE.fullmatch(identity) or not alertmanager.end_silence(identity):
            return problem(404, "There is no such silence.")
        memo.forget()
        guard.record("silence.ended", silence_id=identity)
        return "", 204

    return routes


def _matchers(labels: object) -> list[dict[str, object]]:
    """Return exact matchers. ``alertname`` is required, so that a silence never covers all alerts by mistake."""
    if not isinstance(labels, dict) or not labels.get("alertname") or len(labels) > MOST_LABELS:
        abort(400, f'labels must name the alert ({{"alertname": …}}), at most {MOST_LABELS} of them.')
    for name, value in labels.items():
        if not _LABEL.fullmatch(str(name)) or not isinstance(value, str) or len(value) > LONGEST_REASON:
            abort(400, "labels must map valid label names to text.")
    return [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]
