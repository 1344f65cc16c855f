"""Responses of Werkzeug's test client, closed as a server closes them.

A test client leaves a response open until it is closed or collected as garbage, so the log line of its request would be
written after the test has looked for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def read_completely() -> Callable[[], None]:
    """Let test clients read and close each response before they return it; the result undoes that."""
    module: Any = sys.modules.get("werkzeug.test")
    if module is None:
        return _nothing
    client, plain = module.Client, module.Client.run_wsgi_app

    def run_wsgi_app(self: Any, environ: dict[str, Any], buffered: bool = False) -> Any:
        return plain(self, environ, buffered=True)

    client.run_wsgi_app = run_wsgi_app

    def undo() -> None:
        if client.run_wsgi_app is run_wsgi_app:
            client.run_wsgi_app = plain

    return undo


def _nothing() -> None:
    """There is nothing to undo."""
