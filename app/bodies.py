"""What comes with a request beside its path and query."""

from __future__ import annotations

import re

from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def json_body(request: Request) -> bytes:
    """The body of a request that says it is JSON.

    Raises:
        UnsupportedMediaType: it says something else. RequestEntityTooLarge: it is too long.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    return request.get_data(cache=True)


def idempotency_key(request: Request) -> str | None:
    """The request's ``Idempotency-Key``, if it has one.

    Raises:
        BadRequest: it is not 1 to 128 printable ASCII characters without spaces.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key must be 1 to 128 printable ASCII characters without spaces.")
    return key
