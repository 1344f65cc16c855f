"""``/api/v1/admin/faults``: switch faults on and off. Registered only if faults are configured (``FAULTS_FILE``)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.bodies import json_body
from app.faults.schemas import PATH_FAULT, FaultAnswer, FaultList, FaultSwitch
from app.identity import required_admin
from app.problems import problem
from app.spec import operation
from faults.definitions import FAULTS, Fault, UnknownFault, WrongParameter, described, find
from faults.flags import Switched
from faults.switchboard import Switchboard
from glasshouse_observability import context

NAME = "faults"
"""Name of the blueprint. No fault affects its routes."""


def blueprint(switchboard: Switchboard, routes: Callable[[], Collection[str]]) -> Blueprint:
    """Register the views. ``routes`` returns the route templates to which a fault may be limited."""
    api = Blueprint(NAME, __name__, url_prefix="/api/v1/admin/faults")

    @api.before_request
    def admins_only() -> None:
        required_admin()

    @api.errorhandler(UnknownFault)
    def unknown(error: UnknownFault) -> Response:
        return problem(404, "not-found", "Not Found", str(error))

    @api.errorhandler(WrongParameter)
    def wrong(error: WrongParameter) -> Response:
        errors = [{"pointer": f"/{error.name}", "detail": str(error)}]
        return problem(422, "invalid", "Unprocessable Content", f"/{error.name}: {error}", errors=errors)

    @api.errorhandler(OSError)
    def unwritable(error: OSError) -> Response:
        why = f"The flag file cannot be written ({error.strerror}): no fault was changed."
        return problem(503, "faults-unwritable", "Service Unavailable", why)

    def answer(fault: Fault, switched: Switched | None) -> dict[str, Any]:
        return {
            "name": fault.name,
            "where": fault.where,
            "what": fault.what,
            "takes": described(fault),
            "available": switchboard.available(fault),
            "on": switched is not None,
            "until": datetime.fromtimestamp(switched.until, UTC).isoformat() if switched else None,
            "by": switched.by if switched else None,
            "parameters": switched.parameters if switched else {},
        }

    @api.get("")
    @operation(summary="All faults, and which of them are on", tag="faults", answers={200: FaultList}, auth="admin")
    def catalogue() -> ResponseReturnValue:
        switched = switchboard.switched()
        return jsonify({"items": [answer(fault, switched.get(name)) for name, fault in FAULTS.items()]})

    @api.put("/<name>")
    @operation(
        summary="Switch a fault on for a limited time",
        tag="faults",
        path=PATH_FAULT,
        body=FaultSwitch,
        answers={200: FaultAnswer},
        problems=(404, 409, 422, 503),
        auth="admin",
    )
    def switch_on(name: str) -> ResponseReturnValue:
        fault = find(name)
        wanted = FaultSwitch.model_validate_json(json_body(request))
        parameters = fault.checked(wanted.model_dump(exclude={"seconds"}, exclude_none=True))
        route = parameters.get("route")
        if route is not None and route not in routes():
            raise WrongParameter("route", f"route must be one of {', '.join(sorted(routes()))}.")
        if not switchboard.available(fault):
            why = (
                "This fault is not available here: only the fault agent of the stack without containers can inject it."
            )
            return problem(409, "fault-unavailable", "Conflict", why)
        switched = switchboard.on(fault, parameters, wanted.seconds, required_admin().account_id)
        _note("on", fault)
        return jsonify(answer(fault, switched))

    @api.delete("/<name>")
    @operation(
        summary="Switch a fault off",
        tag="faults",
        path=PATH_FAULT,
        answers={200: FaultAnswer},
        problems=(404, 503),
        auth="admin",
    )
    def switch_off(name: str) -> ResponseReturnValue:
        fault = find(name)
        switchboard.off(fault, required_admin().account_id)
        _note("off", fault)
        return jsonify(answer(fault, None))

    return api


def _note(action: str, fault: Fault) -> None:
    context.note("fault.switched", fault.name)
    context.note("fault.action", action)
