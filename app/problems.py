"""Every error as ``application/problem+json`` (RFC 9457), with its cause and the id of the request."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from shop.domain import errors

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 5

# Error of the shop -> status, name of the problem type, title.
_KINDS: dict[type[errors.ShopError], tuple[int, str, str]] = {
    errors.NotFound: (404, "not-found", "Not Found"),
    errors.ProductExists: (409, "product-exists", "Conflict"),
    errors.EmailTaken: (409, "email-taken", "Conflict"),
    errors.WrongState: (409, "wrong-state", "Conflict"),
    errors.WrongCredentials: (401, "wrong-credentials", "Unauthorized"),
    errors.UnknownProduct: (422, "unknown-product", "Unknown Product"),
    errors.InvalidOrder: (422, "invalid-order", "Invalid Order"),
    errors.IdempotencyKeyReused: (422, "idempotency-key-reused", "Idempotency Key Reused"),
    errors.Unavailable: (503, "unavailable", "Service Unavailable"),
}


def problem(status: int, kind: str, title: str, detail: str, **members: Any) -> Response:
    """Return an error response. ``kind`` names the problem type; ``members`` are its extension members."""
    body = {
        "type": f"urn:glasshouse:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request.headers.get("X-Request-ID"),
        **members,
    }
    response = Response(orjson.dumps(body), status, content_type=PROBLEM_JSON)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def register(app: Flask) -> None:
    """Return a problem document for every error of the shop, of validation and of HTTP itself."""
    app.register_error_handler(errors.ShopError, _of_shop)
    app.register_error_handler(ValidationError, _of_validation)
    app.register_error_handler(HTTPException, _of_http)


def _of_shop(error: errors.ShopError) -> Response:
    for kind in type(error).__mro__:
        if kind in _KINDS:
            status, name, title = _KINDS[kind]
            return problem(status, name, title, str(error))
    raise error


def _of_validation(error: ValidationError) -> Response:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return problem(400, "not-json", "Bad Request", f"The body is not valid JSON: {found[0]['msg']}.")
    details = [{"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]} for one in found]
    first = details[0]
    return problem(422, "invalid", "Unprocessable Content", f"{first['pointer']}: {first['detail']}", errors=details)


def _of_http(error: HTTPException) -> Response:
    # An unhandled exception arrives here as 500, after it was logged with its traceback. The client gets the request id
    # only.
    status = error.code or 500
    name = error.name
    answer = problem(status, name.lower().replace(" ", "-"), name, error.description or name)
    for header, value in error.get_headers():
        if header.lower() in ("allow", "retry-after"):
            answer.headers[header] = value
    return answer
