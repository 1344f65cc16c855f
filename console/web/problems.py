"""Errors over HTTP: each is ``application/problem+json`` (RFC 9457) and states what the caller can do."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from console.servers.errors import ServerError

MEDIA_TYPE = "application/problem+json"

log = logging.getLogger(__name__)


def problem(status: int, detail: str, kind: str = "", **members: object) -> Response:
    """Return an error response. ``kind`` names the problem type (default: the status' name)."""
    phrase = HTTPStatus(status).phrase
    body = {
        "type": f"urn:glasshouse:problem:{kind or phrase.lower().replace(' ', '-')}",
        "title": phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request.headers.get("X-Request-ID"),  # validated or created by the telemetry middleware
        **members,
    }
    return Response(json.dumps(body), status, content_type=MEDIA_TYPE)


def register(app: Flask) -> None:
    """Convert exceptions of views to problem documents."""

    @app.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error  # a redirect is a response, not an error
        detail = error.description or HTTPStatus(error.code).phrase
        if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            detail = f"The body may have at most {request.max_content_length} bytes."
        answer = problem(error.code, detail)
        for name, value in error.get_headers(request.environ):
            if name.lower() in ("allow", "retry-after"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(ServerError)
    def of_server(error: ServerError) -> Response:
        return problem(502, f"{error}.", "upstream")

    @app.errorhandler(Exception)
    def of_anything(error: Exception) -> Response:
        log.error("a request failed", exc_info=error)
        return problem(500, "The console could not handle this request; its log has the details under this request id.")
