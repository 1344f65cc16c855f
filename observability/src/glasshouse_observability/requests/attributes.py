"""Labels and span attributes of an outgoing request. Its URL and method may be anything, no HTTP URL included."""

from __future__ import annotations

from typing import Any

from glasshouse_observability.redaction import redact_url
from glasshouse_observability.safe import safe_text

OTHER_METHOD = "_OTHER"
"""OpenTelemetry's value for methods that HTTP does not define: clients may send any text."""
_METHODS = {
    name: name for name in ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
}
Attributes = dict[str, str | int]


def known_method(method: Any) -> str:
    """Return the method if HTTP defines it, else ``_OTHER``."""
    try:
        return _METHODS[method]
    except (KeyError, TypeError):
        return OTHER_METHOD


def host_and_port(url: Any) -> str:
    """Return the part of the URL between ``//`` and the path, without user and password; ``""`` if there is none."""
    try:
        authority = url.split("/", 3)[2]
    except (AttributeError, IndexError, TypeError):
        return ""
    if "?" in authority or "#" in authority:
        # requests adds a path to an HTTP URL, but leaves those of other adapters unchanged.
        authority = authority.partition("?")[0].partition("#")[0]
    return str(authority.rpartition("@")[2])


def attributes_of(method: Any, known: str, address: str, url: Any) -> Attributes:
    """Return the attributes of the span, with the names of OpenTelemetry's stable conventions."""
    attributes: Attributes = {"http.request.method": known}
    if known == OTHER_METHOD:
        attributes["http.request.method_original"] = safe_text(method)
    if url is not None:
        attributes["url.full"] = redact_url(safe_text(url))
    host, port = _split(address, "https" if str(url)[:6].lower() == "https:" else "http")
    if host:
        attributes["server.address"] = host
    if port is not None:
        attributes["server.port"] = port
    return attributes


def _split(address: str, scheme: str) -> tuple[str, int | None]:
    """Return host and port, by default the scheme's; an IPv6 address has its colons in brackets."""
    host, colon, digits = address.rpartition(":")
    if colon and digits.isascii() and digits.isdecimal():
        return host.strip("[]"), int(digits[:6])
    return address.strip("[]"), (443 if scheme == "https" else 80) if address else None
