"""Parts of a request other than its path and query: the body and the idempotency key."""

from __future__ import annotations

import re

from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def json_body(request: Request) -> bytes:
    """Return the body of a request whose content type is JSON.

    Raises:
        UnsupportedMediaType: the content type is not JSON. RequestEntityTooLarge: the body is too large.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    return request.get_data(cache=True)


def idempotency_key(request: Request) -> str | None:
    """Return the request's ``Idempotency-Key``, or ``None`` if there is none.

    Raises:
        BadRequest: it is not 1 to 128 printable ASCII characters without spaces.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key must be 1 to 128 printable ASCII characters without spaces.")
    return key
