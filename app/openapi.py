"""The OpenAPI 3.1 document, generated from the routes and their models, and a page to try the API."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from pydantic.json_schema import models_json_schema

from app.schemas import Problem
from app.spec import ATTRIBUTE, Operation

ALWAYS = (400, 429, 500, 503)
"""Problems that any route may return: a malformed request, too many requests, a defect, an unavailable dependency."""
_BODY = (413, 415, 422)
_REF = "#/components/schemas/{model}"
_TITLES = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No content", 304: "Not modified", 400: "Bad request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not found", 409: "Conflict", 413: "Content too large",
    415: "Unsupported media type", 422: "Unprocessable content", 429: "Too many requests", 500: "Internal error",
    503: "Service unavailable",
}  # fmt: skip


def blueprint() -> Blueprint:
    """Register ``/api/openapi.json`` and ``/api/docs``."""
    api = Blueprint("openapi", __name__, url_prefix="/api", template_folder="templates", static_folder="static")

    @api.get("/openapi.json")
    def document() -> ResponseReturnValue:
        return jsonify(describe(current_app))

    @api.get("/docs")
    def page() -> ResponseReturnValue:
        response = Response(render_template("docs.html"), content_type="text/html; charset=utf-8")
        # The page may load its own script and style and call this API, nothing else.
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return response

    return api


def describe(app: Flask) -> dict[str, Any]:
    """Return the document of every route of ``app`` that has an ``Operation``."""
    operations = [
        (rule, method.lower(), getattr(app.view_functions[rule.endpoint], ATTRIBUTE))
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], ATTRIBUTE)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    models = {model for _, _, operation in operations for model in _models(operation)} | {Problem}
    keyed = [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)]
    _, schemas = models_json_schema(keyed, ref_template=_REF)  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, operation in operations:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method] = _operation(rule.endpoint, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Glasshouse",
            "version": "1.0.0",
            "description": "A shop backend with complete observability. "
            "Errors are application/problem+json (RFC 9457). "
            "Every response has the headers X-Request-ID and X-Trace-ID, which identify it in logs and traces.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _models(operation: Operation) -> list[Any]:
    return [model for model in (operation.body, *operation.answers.values()) if model is not None]


def _operation(endpoint: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        schema = {"$ref": _REF.format(model=operation.body.__name__)}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.auth in ("required", "admin"):
        found["security"] = [{"token": []}]
    elif operation.auth == "optional":
        found["security"] = [{}, {"token": []}]
    return found


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in operation.path.items()
    ]
    parameters += [
        {"name": name, "in": "header", "required": False, **rest} for name, rest in operation.headers.items()
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema(ref_template=_REF)
        required = schema.get("required", [])
        for name, one in schema["properties"].items():
            parameters.append(
                {"name": name, "in": "query", "required": name in required, "schema": _inlined(one, schema)}
            )
    return parameters


def _inlined(one: Any, schema: dict[str, Any]) -> Any:
    """Return the schema of a query parameter with its references resolved, because it cannot refer to components."""
    if isinstance(one, dict):
        if "$ref" in one:
            return _inlined(schema["$defs"][one["$ref"].rsplit("/", 1)[-1]], schema)
        kept = {name: _inlined(value, schema) for name, value in one.items() if name not in ("title", "default")}
        # An omitted parameter is absent, not null.
        if "anyOf" in kept:
            options = [option for option in kept.pop("anyOf") if option != {"type": "null"}]
            return {**kept, **options[0]} if len(options) == 1 else {**kept, "anyOf": options}
        return kept
    return [_inlined(item, schema) for item in one] if isinstance(one, list) else one


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in operation.answers.items():
        responses[str(status)] = {"description": _TITLES[status]}
        if model is not None:
            schema = {"$ref": _REF.format(model=model.__name__)}
            responses[str(status)]["content"] = {operation.media: {"schema": schema}}
        elif operation.media != "application/json":
            responses[str(status)]["content"] = {operation.media: {"schema": {"type": "string"}}}
    problems = {*ALWAYS, *operation.problems}
    if operation.body is not None:
        problems.update(_BODY)
    if operation.auth in ("required", "admin"):
        problems.add(401)
    if operation.auth == "admin":
        problems.add(403)
    if operation.path:
        problems.add(404)
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    for status in sorted(problems):
        responses.setdefault(str(status), {"description": _TITLES[status], "content": problem})
    return responses
