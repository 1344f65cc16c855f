"""``/api/drills``: the available drills, past runs, and the current run. Starting and stopping require a sign-in."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify

from console.access.guard import Guard
from console.faults.declared import DrillCatalogue
from console.faults.drilling import Busy, Drilling
from console.faults.drills import Drills
from console.inbox.store import Item
from console.web.arguments import json_object
from console.web.limits import RateLimit
from console.web.problems import problem


def blueprint(drills: Drills, catalogue: DrillCatalogue, drilling: Drilling, guard: Guard) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("drills", __name__, url_prefix="/api")
    starts = RateLimit(per_second=0.1, burst=5)

    @routes.get("/drills")
    def show_list() -> Response:
        """List the available drills, the last runs, and the current run."""
        current = drilling.state() if catalogue.can_run else None
        return jsonify(
            {
                "can_run": catalogue.can_run,
                "catalogue": catalogue.all(),
                "last": drills.last(),
                "runs": [_known_to_be_over(run, current) for run in drills.runs()],
                "current": current,
            }
        )

    @routes.get("/drills/<name>")
    def show(name: str) -> Response:
        """Return one run with its events so far."""
        run = drills.run(name)
        return jsonify(run) if run else problem(404, "There is no such run.")

    @routes.post("/drills")
    def start() -> tuple[Response, int] | Response:
        """Run one drill on this stack: ``{"name": …}``."""
        session = guard.required()
        name = json_object().get("name")
        if not catalogue.can_run:
            return problem(409, "Drills cannot be started here, because CONSOLE_DRILLS_CATALOGUE is not set.")
        if not isinstance(name, str) or name not in catalogue.names():
            abort(400, "name must be the name of a drill.")
        starts.spend()
        try:
            current = drilling.start(name, session.email)
        except Busy:
            return problem(409, "A drill is already running; wait until it ends, or stop it.")
        guard.record("drill.started", drill=name)
        return jsonify(current), 202

    @routes.delete("/drills/current")
    def stop() -> tuple[Response, int] | Response:
        """Stop the current drill; its fault is cleared first."""
        guard.required()
        current = drilling.stop()
        if current is None:
            return problem(404, "No drill that was started from this console is running.")
        guard.record("drill.stopped", drill=current["name"])
        return jsonify(current), 202

    return routes


def _known_to_be_over(run: Item, current: Item | None) -> Item:
    """Return the run, marked as stopped if it has no result and its process, started by this console, has ended."""
    is_over = current is not None and current["is_over"] and current["run"] == run["run"]
    return run | {"state": "stopped"} if is_over and run["state"] == "running" else run
