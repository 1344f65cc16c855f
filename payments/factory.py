"""The payment service's HTTP API."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Annotated

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from opentelemetry import trace
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from glasshouse_observability import Telemetry, instrument_flask
from payments.ledger import Charge, KeyReused, Ledger, LedgerUnavailable, TooManyRepeats

_log = logging.getLogger("payments.charges")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
MAX_BODY_BYTES = 4096


class ChargeRequest(BaseModel):
    """The body of ``POST /v1/charges``.

    It contains no card: a real provider would receive a token here, which we would not log.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    order_id: Annotated[str, Field(min_length=1, max_length=128, strict=True)]
    amount_cents: StrictInt = Field(ge=1, le=10**12)
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", strict=True)]


def create_app(
    ledger: Ledger, telemetry: Telemetry, limit_cents: int, extend: Callable[[Flask], None] | None = None
) -> Flask:
    """Return the application.

    Charges above ``limit_cents`` are declined, as a card issuer would do; all others are approved, once per key. Routes
    that ``extend`` adds are observed like all others.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    charges = Counter("payment_charges_total", "Charges, by outcome", ["outcome"], registry=telemetry.registry)
    for outcome in ("approved", "declined", "error"):
        charges.labels(outcome)

    def charge() -> ResponseReturnValue:
        key = request.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(key):
            return _problem(400, "Idempotency-Key must be 1 to 128 printable ASCII characters.")
        try:
            wanted = ChargeRequest.model_validate_json(request.get_data(cache=False))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            return _problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        status = "declined" if wanted.amount_cents > limit_cents else "approved"
        try:
            recorded, new = ledger.record(key, wanted.order_id, wanted.amount_cents, wanted.currency, status)
        except KeyReused:
            return _problem(422, "This Idempotency-Key was already used for another amount.")
        except TooManyRepeats:
            charges.labels("error").inc()
            _log.error("most recent charges are repeats", extra={"event": "payment.too_many_repeats"})
            return _problem(503, "Most of the recent charges are repeats; all charges are rejected until that ends.")
        except LedgerUnavailable as error:
            charges.labels("error").inc()
            _log.error("the ledger does not respond: %s", error, extra={"event": "payment.error"})
            return _problem(503, "The ledger does not respond; retry with the same key.")
        if new:
            charges.labels(recorded.status).inc()
        _log_charge(recorded, new)
        code = 402 if recorded.status == "declined" else 201 if new else 200
        return jsonify({"id": recorded.id, "order_id": recorded.order_id, "status": recorded.status}), code

    charge.success_status = 201  # type: ignore[attr-defined]  # for the request metrics' first value
    app.add_url_rule("/v1/charges", "charge", charge, methods=["POST"])

    _add_health(app, ledger)
    if extend is not None:
        extend(app)
    instrument_flask(app, telemetry, excluded_urls="healthz,readyz")
    return app


def _add_health(app: Flask, ledger: Ledger) -> None:
    @app.get("/healthz")
    def alive() -> ResponseReturnValue:
        return jsonify({"status": "alive"})

    @app.get("/readyz")
    def ready() -> ResponseReturnValue:
        try:
            ledger.ping()
        except Exception as error:  # noqa: BLE001  (whatever it is: not ready)
            return jsonify({"status": "unready", "dependencies": {"mongo": type(error).__name__}}), 503
        return jsonify({"status": "ready", "dependencies": {"mongo": "up"}})


def _log_charge(charge: Charge, new: bool) -> None:
    ids = {"order_id": charge.order_id, "charge_id": charge.id}
    _log.info("charge %s", charge.status, extra={"event": f"payment.{charge.status}", **ids, "repeated": not new})
    trace.get_current_span().set_attributes({"shop.order.id": charge.order_id, "payment.status": charge.status})


def _problem(status: int, detail: str) -> Response:
    response = jsonify({"type": "about:blank", "status": status, "detail": detail})
    response.status_code, response.content_type = status, "application/problem+json"
    return response
