"""A WSGI application that returns what the server adds to the request; ``/seconds`` returns how long it waited."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Return the header that the worker sets, and this process's id."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['HTTP_X_QUEUE_SECONDS']} {os.getpid()}".encode()]
