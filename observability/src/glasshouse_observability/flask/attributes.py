"""The attributes of a request's span, from its WSGI environment, under OpenTelemetry's stable HTTP conventions.

Sampled and late spans have the same attributes; ``observability/tests/unit/test_http_spans.py`` compares them with
those of OpenTelemetry's Flask instrumentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glasshouse_observability.redaction import redact_query
from glasshouse_observability.safe import safe_text

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER_METHOD = "_OTHER"
UNMATCHED = "(unmatched)"
"""The route of a request that matches no rule: raw paths never become label values or span names."""
LONGEST = 4096
"""Characters of one attribute. Servers accept headers of up to a megabyte, and an error makes one span of each."""


def known_method(environ: WSGIEnvironment) -> str:
    """Return the request's method in capital letters, or ``_OTHER``, so that clients cannot create label values."""
    method = environ.get("REQUEST_METHOD")
    capitals = method.upper() if isinstance(method, str) else ""
    return capitals if capitals in KNOWN_METHODS else OTHER_METHOD


def request_attributes(environ: WSGIEnvironment) -> dict[str, str | int]:
    """Return the attributes of the request, without those that its environment has no valid value for."""
    method = known_method(environ)
    found: dict[str, Any] = {
        "http.request.method": method,
        "http.request.method_original": environ.get("REQUEST_METHOD") if method == OTHER_METHOD else None,
        "url.scheme": environ.get("wsgi.url_scheme"),
        "url.path": path_of(environ),
        "url.query": redact_query(safe_text(environ.get("QUERY_STRING") or "")),
        "server.address": environ.get("HTTP_HOST"),
        "server.port": _port(environ.get("SERVER_PORT")),
        "client.address": environ.get("REMOTE_ADDR"),
        "client.port": _port(environ.get("REMOTE_PORT")),
        "user_agent.original": environ.get("HTTP_USER_AGENT"),
        "network.protocol.version": str(environ.get("SERVER_PROTOCOL", "")).removeprefix("HTTP/"),
    }
    return {name: value if type(value) is int else safe_text(value)[:LONGEST] for name, value in found.items() if value}


def result_attributes(route: str, status: int, error_type: str | None) -> dict[str, str | int]:
    """Return the attributes of the response; ``error_type`` is ``None`` for a request that succeeded."""
    attributes: dict[str, str | int] = {"http.response.status_code": status}
    if route != UNMATCHED:
        attributes["http.route"] = route
    if error_type is not None:
        attributes["error.type"] = error_type
    return attributes


def span_name(environ: WSGIEnvironment, route: str) -> str:
    """Return method and route template, or only the method if no route matches: a raw path never becomes a name."""
    method = known_method(environ)
    shown = "HTTP" if method == OTHER_METHOD else method
    return shown if route == UNMATCHED else f"{shown} {route}"


def path_of(environ: WSGIEnvironment) -> str:
    """Return the whole path of the request's URL, also where a dispatcher has moved its start to ``SCRIPT_NAME``."""
    return decoded(f"{environ.get('SCRIPT_NAME') or ''}{environ.get('PATH_INFO') or ''}")


def decoded(text: str) -> str:
    """Return a path of the environment as Unicode; PEP 3333 hands over its bytes as Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        # Not according to PEP 3333, but already Unicode.
        return safe_text(text)


def _port(text: Any) -> int | None:
    # A server on a Unix socket has no port, and a proxy's header can put any text there.
    try:
        return int(text)
    except (TypeError, ValueError):
        return None
