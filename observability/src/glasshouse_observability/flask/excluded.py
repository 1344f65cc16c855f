"""The URLs whose requests are not traced, and logged only when they fail, such as health probes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glasshouse_observability.flask.attributes import path_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_CACHED = 512
"""Paths. Health probes and the busiest pages are among the first ones; for others the expressions are searched."""


class ExcludedUrls:
    """Regular expressions as in ``OTEL_PYTHON_FLASK_EXCLUDED_URLS``, separated by commas and searched in the path.

    Neither the query nor the host is searched: a client could use them to hide its requests. An expression that begins
    with a scheme is searched in ``scheme://host/path``.
    """

    def __init__(self, expressions: str) -> None:
        """Raises ``re.error`` if an expression is wrong."""
        parts = [part.strip() for part in expressions.split(",") if part.strip()]
        whole = [part for part in parts if part.lstrip("^(").startswith("http")]
        self._in_path = _either([part for part in parts if part not in whole])
        self._in_url = _either(whole)
        self._verdicts: dict[str, bool] = {}
        self.is_empty = not parts

    def match(self, environ: WSGIEnvironment) -> bool:
        """Return whether the request is excluded."""
        path = environ.get("PATH_INFO", "")
        verdict = self._verdicts.get(path)
        # Below a mount prefix the same path is another URL.
        return self._decide(environ, path) if verdict is None or environ.get("SCRIPT_NAME") else verdict

    def _decide(self, environ: WSGIEnvironment, path: str) -> bool:
        full = path_of(environ)
        if self._in_url is not None:
            host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
            if self._in_url.search(f"{environ.get('wsgi.url_scheme', 'http')}://{host}{full}"):
                return True
        verdict = self._in_path is not None and self._in_path.search(full) is not None
        if self._in_url is None and not environ.get("SCRIPT_NAME") and len(self._verdicts) < MOST_CACHED:
            self._verdicts[path] = verdict
        return verdict


def _either(expressions: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{one})" for one in expressions)) if expressions else None
