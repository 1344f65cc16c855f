"""Faults of the API: failed and delayed requests, and extra load.

``app.wsgi`` wires them only if faults are configured.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask, request

from app.faults import admin as admin_faults
from faults.marking import mark
from faults.switchboard import Switchboard
from faults.watch import Active, Faults

_SPARED_PATHS = frozenset({"/healthz", "/readyz", "/api/v1/auth/login"})


class InjectedError(RuntimeError):
    """Raised by the fault api-errors, as if the application had a defect."""


def install(app: Flask, faults: Faults, switchboard: Switchboard, sleep: Callable[[float], None] = time.sleep) -> None:
    """Register the fault endpoints, and the hook that fails or delays requests.

    Health checks are exempt, because supervisors and NGINX would otherwise remove the replica in the middle of the
    experiment. The fault endpoints and the login that they require are exempt too, because the fault could not be
    cleared otherwise.
    """
    known: set[str] = set()

    def routes() -> set[str]:
        if not known:
            others = (
                rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(f"{admin_faults.NAME}.")
            )
            known.update(rule.rule for rule in others if rule.rule.startswith("/api/v1/"))
            known.difference_update(_SPARED_PATHS)
        return known

    app.register_blueprint(admin_faults.blueprint(switchboard, routes))

    def inject() -> None:
        slow, wrong = faults.active("api-latency"), faults.active("api-errors")
        if slow is None and wrong is None:
            return
        if request.path in _SPARED_PATHS or request.blueprint == admin_faults.NAME:
            return
        late, broken = slow is not None and _hits(slow), wrong is not None and _hits(wrong)
        if late or broken:
            mark(*["api-latency"] * late, *["api-errors"] * broken)
        if slow is not None and late:
            sleep(slow.number("milliseconds") / 1000)
        if broken:
            raise InjectedError("fault api-errors")

    app.before_request(inject)


def _hits(fault: Active) -> bool:
    route = fault.get("route")
    if route is not None and (request.url_rule is None or request.url_rule.rule != route):
        return False
    return fault.hits()
