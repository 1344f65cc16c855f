"""The host names under which the console is served.

A page elsewhere whose name resolves to 127.0.0.1 (DNS rebinding) would have the console's origin in the browser and
could read logs and mail. Its requests still contain its own host name, so every name other than those of this
installation is rejected.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, abort, request

from console.config.addresses import Addresses

_ALWAYS = ("127.0.0.1", "localhost", "::1")
_PROBES = ("/healthz", "/readyz")


def known_hosts(addresses: Addresses, public: Addresses, host: str) -> frozenset[str]:
    """Return this console's host names: loopback, its listening address, its addresses for servers and browsers."""
    urls = (urlsplit(url).hostname for url in (addresses.console, public.console))
    return frozenset(name for name in (*_ALWAYS, host, *urls) if name)


def only(app: Flask, hosts: Collection[str]) -> None:
    """Respond with 400 to requests for another host, except probes, which use any address that a platform assigns."""

    @app.before_request
    def check() -> None:
        if request.path not in _PROBES and _name(request.host) not in hosts:
            abort(400, "The console does not serve this host name. CONSOLE_PUBLIC_URL sets its public address.")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
