"""OpenAPI documents for services that do not publish one, derived from their endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_PROBLEM = {"description": "The error and its remedy", "content": {"application/problem+json": {}}}


def endpoints_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the operations of a document: ``method``, ``path``, ``summary``, ``auth`` (is sign-in required)."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": str(operation.get("summary", "")),
            "auth": bool(operation.get("security")),
        }
        for path, operations in document.get("paths", {}).items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def document_of(title: str, version: str, endpoints: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of endpoints whose paths are Flask's rules."""
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        names = _PARAMETER.findall(one["path"])
        operation: dict[str, Any] = {
            "summary": one["summary"],
            "responses": {"2XX": {"description": "Done"}, "default": _PROBLEM},
        }
        if names:
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ]
        if one["auth"]:
            operation["security"] = [{"session": []}]
        paths.setdefault(_PARAMETER.sub(r"{\1}", one["path"]), {})[one["method"].lower()] = operation
    session = {"type": "apiKey", "in": "header", "name": "X-CSRF-Token", "description": "With the session's cookie"}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"securitySchemes": {"session": session}},
    }
