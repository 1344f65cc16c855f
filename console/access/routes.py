"""``/api/session``: sign in, show the signed-in user, sign out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify
from flask import session as cookie

from console.access.guard import IDENTITY, Guard, same_origin
from console.access.sessions import Sessions, SignInRefused
from console.web.arguments import json_object
from console.web.limits import RateLimit
from console.web.problems import problem

LONGEST = 200


def blueprint(sessions: Sessions, guard: Guard) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("access", __name__, url_prefix="/api")
    attempts = RateLimit(per_second=0.2, burst=10)

    @routes.get("/session")
    def show() -> Response:
        """Return the signed-in user, and the token that requests for changes must contain."""
        session = guard.session()
        if session is None:
            return jsonify({"signed_in": False})
        return jsonify({"signed_in": True, "email": session.email, "csrf": session.csrf})

    @routes.post("/session")
    def enter() -> Response:
        """Sign in with the shop's administrator account."""
        same_origin()
        asked = json_object()
        email, password = _text(asked, "email"), _text(asked, "password")
        attempts.spend()
        try:
            identity = sessions.sign_in(email, password)
        except SignInRefused as refused:
            return problem(refused.status, str(refused))
        cookie.clear()
        cookie[IDENTITY] = identity
        guard.record("session.began")
        return show()

    @routes.delete("/session")
    def leave() -> tuple[str, int]:
        """Sign out."""
        guard.required()
        sessions.end(cookie.get(IDENTITY))
        cookie.clear()
        return "", 204

    return routes


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        abort(400, f"{name} must be a string of 1 to {LONGEST} characters.")
    return value
