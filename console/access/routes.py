"""``/api/session``: sign in, see who is signed in, sign out."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask import session as cookie

from console.access.guard import IDENTITY, Guard, same_origin
from console.access.sessions import Sessions, SignInRefused
from console.problems import problem
from console.reading.arguments import json_object
from console.reading.limits import RateLimit

LONGEST = 200


def blueprint(sessions: Sessions, guard: Guard) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("access", __name__, url_prefix="/api")
    attempts = RateLimit(per_second=0.2, burst=10)

    @routes.get("/session")
    def show() -> Response:
        """Who is signed in; with the token that changes must carry."""
        session = guard.session()
        if session is None:
            return jsonify({"signed_in": False})
        return jsonify({"signed_in": True, "email": session.email, "csrf": session.csrf})

    @routes.post("/session")
    def enter() -> Response:
        """Sign in with the shop's administrator account."""
        same_origin()
        asked = json_object()
        attempts.take()
        try:
            identity = sessions.sign_in(str(asked.get("email", ""))[:LONGEST], str(asked.get("password", ""))[:LONGEST])
        except SignInRefused as refused:
            return problem(refused.status, str(refused))
        cookie.clear()
        cookie[IDENTITY] = identity
        guard.tell("session.began")
        return show()

    @routes.delete("/session")
    def leave() -> tuple[str, int]:
        """Sign out."""
        guard.required()
        sessions.end(cookie.get(IDENTITY))
        cookie.clear()
        return "", 204

    return routes
