"""``/api/faults``: the shop's fault switches, for its administrators; the active faults, for every visitor."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, jsonify

from console.access.guard import Guard
from console.access.sessions import Sessions
from console.servers.http import Reply
from console.servers.prometheus import Prometheus
from console.web.arguments import json_object
from console.web.problems import problem

PATH = "/api/v1/admin/faults"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
_FIELDS = ("seconds", "percent", "milliseconds", "per_second", "route", "instance")
"""The fields of the shop's ``FaultSwitch``. The shop defines which faults accept which fields and values."""


def blueprint(sessions: Sessions, guard: Guard, prometheus: Prometheus) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("faulting", __name__, url_prefix="/api")

    @routes.get("/faults")
    def show() -> Response:
        """Return the catalogue if signed in, otherwise the names and states of the faults from the metrics."""
        session = guard.session()
        if session is not None:
            reply = sessions.ask(session, PATH)
            if reply.status == 200:
                faults = sessions.parsed(PATH, reply, lambda content: [dict(fault) for fault in content["items"]])
                return jsonify({"signed_in": True, "faults": faults})
            if reply.status != 401:
                return _passed_on(reply)
        known = prometheus.query("max by (fault) (fault_active)")
        faults = [{"name": one.labels.get("fault", "?"), "on": one.value > 0} for one in known]
        return jsonify({"signed_in": False, "faults": sorted(faults, key=lambda fault: str(fault["name"]))})

    @routes.put("/faults/<name>")
    def switch_on(name: str) -> Response:
        """Switch a fault on; the body has the fields that the fault accepts."""
        session = guard.required()
        body = {name: value for name, value in json_object().items() if name in _FIELDS}
        reply = sessions.ask(session, _path(name), method="PUT", body=body)
        if reply.status < 300:
            guard.record("fault.on", fault=name)
        return _passed_on(reply)

    @routes.delete("/faults/<name>")
    def switch_off(name: str) -> Response:
        """Switch a fault off."""
        session = guard.required()
        reply = sessions.ask(session, _path(name), method="DELETE")
        if reply.status < 300:
            guard.record("fault.off", fault=name)
        return _passed_on(reply)

    return routes


def _path(name: str) -> str:
    if not _NAME.fullmatch(name):
        abort(404, "There is no such fault.")
    return f"{PATH}/{name}"


def _passed_on(reply: Reply) -> Response:
    """Return the shop's response, with the console's own message for an error."""
    if reply.status == 401:
        return problem(401, "The session has expired; sign in again.")
    if reply.status >= 400:
        said = reply.content.get("detail", "") if isinstance(reply.content, dict) else ""
        status = reply.status if reply.status < 500 else 502
        return problem(status, f"The shop rejected the request: {said or 'no reason given'}")
    return jsonify(reply.content if reply.content is not None else {})
