"""By which names the console is called.

A page elsewhere whose name is made to point at 127.0.0.1 (DNS rebinding) would count as ours to the browser, and could
read logs and mail. It still calls itself by its own name: any name but those of this installation is refused.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, abort, request

from console.config.addresses import Addresses

_ALWAYS = ("127.0.0.1", "localhost", "::1")
_PROBES = ("/healthz", "/readyz")


def known_hosts(addresses: Addresses, public: Addresses, host: str) -> frozenset[str]:
    """Return the host names of this console: loopback, where it listens, where others and browsers find it."""
    urls = (urlsplit(url).hostname for url in (addresses.console, public.console))
    return frozenset(name for name in (*_ALWAYS, host, *urls) if name)


def only(app: Flask, hosts: Collection[str]) -> None:
    """Answer 400 to what is meant for another host; probes ask by whatever address a platform gives them."""

    @app.before_request
    def check() -> None:
        if request.path not in _PROBES and _name(request.host) not in hosts:
            abort(400, "The console does not serve this host name. CONSOLE_PUBLIC_URL sets its public address.")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
