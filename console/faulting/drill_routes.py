"""``/api/drills``: what was drilled, and the timeline of what is being drilled now."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from console.faulting.drills import Drills
from console.problems import problem


def blueprint(drills: Drills) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("drills", __name__, url_prefix="/api")

    @routes.get("/drills")
    def show_list() -> Response:
        """The last runs, newest first."""
        return jsonify({"runs": drills.runs()})

    @routes.get("/drills/<name>")
    def show(name: str) -> Response:
        """One run with its events so far."""
        run = drills.run(name)
        return jsonify(run) if run else problem(404, "There is no such run.")

    return routes
