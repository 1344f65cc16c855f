"""``/api/dashboards``, and ``/api/query`` for the queries of their panels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, jsonify
from pydantic import ValidationError

from console.boards.files import Dashboards
from console.boards.queries import Asker
from console.boards.question import Batch, Query
from console.reading.together import Together
from console.servers.errors import ServerError
from console.web.arguments import json_object
from console.web.limits import RateLimit
from console.web.problems import problem


def blueprint(dashboards: Dashboards, asker: Asker, together: Together) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("boards", __name__, url_prefix="/api")
    rate = RateLimit(per_second=40, burst=240)

    @routes.get("/dashboards")
    def show_list() -> Response:
        """List all dashboards."""
        return jsonify({"dashboards": dashboards.list()})

    @routes.get("/dashboards/<uid>")
    def show(uid: str) -> Response:
        """Return one dashboard's file, and the declarations about its panels."""
        board = dashboards.get(uid)
        if board is None:
            known = ", ".join(one["uid"] for one in dashboards.list()) or "none"
            return problem(404, f"There is no such dashboard. Available: {known}.")
        return jsonify({"dashboard": board, "declared": dashboards.declared(uid)})

    @routes.post("/query")
    def query() -> Response:
        """Run a batch of queries. It only reads, but is a POST because the queries of a page do not fit into a URL."""
        try:
            batch = Batch.model_validate(json_object())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"]))
            abort(400, f"{place}: {first['msg']}" if place else first["msg"])
        rate.spend(len(batch.queries))
        questions: dict[str, Callable[[], Any]] = {
            f"{place}": partial(_answer, asker, query) for place, query in enumerate(batch.queries)
        }
        found, _ = together.ask(questions)
        return jsonify({"answers": {query.id: found[f"{place}"] for place, query in enumerate(batch.queries)}})

    return routes


def _answer(asker: Asker, query: Query) -> dict[str, Any]:
    """Return the result or the error of one query, so that an error affects only its panel."""
    try:
        return asker.run(query)
    except ServerError as error:
        return {"error": str(error)}
