"""Validation of request arguments."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, request

_WORD = re.compile(r"[A-Za-z0-9_.:/<>-]{1,128}")


def json_object() -> dict[str, Any]:
    """Return the body, which must be a JSON object sent as ``application/json``; no HTML form can send this type."""
    if request.mimetype != "application/json":
        abort(415, "Send Content-Type: application/json.")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "The body must be a JSON object.")
    return body


def whole_number(name: str, default: int, lowest: int, highest: int) -> int:
    """Return a number from the query; 400 if it is not a number or out of bounds."""
    raw = request.args.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,18}", raw) or not lowest <= int(raw) <= highest:
        abort(400, f"{name} must be a whole number from {lowest} to {highest}.")
    return int(raw)


def word(name: str) -> str:
    """Return a name from the query (a service, a level, an id), empty if omitted; 400 for any other text."""
    value = request.args.get(name, "").strip()
    if value and not _WORD.fullmatch(value):
        abort(400, f"{name} may have letters, digits and _ . : / < > -, at most 128 of them.")
    return value


def short_text(name: str, limit: int = 200) -> str:
    """Return free text from the query; 400 if it is too long or has control characters."""
    value = request.args.get(name, "")
    if len(value) > limit or any(ord(char) < 32 for char in value):
        abort(400, f"{name} may have at most {limit} characters, on one line.")
    return value
