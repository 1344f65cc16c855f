"""The addresses that a browser can open.

In containers the console reaches Prometheus as ``http://prometheus:9090``, which cannot be resolved outside:
``PROMETHEUS_PUBLIC_URL`` etc. state where the ports are published. If a variable is unset, the console's own address of
the server is used.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from console.config.addresses import Addresses
from glasshouse_observability.settings import FromEnv, Url, setting


def _public(name: str) -> Any:
    return setting(
        f"{name.upper()}_PUBLIC_URL",
        Url("http", "https", or_absent=True),
        None,
        f"address of {name} for links in a browser; `none`: no links",
        default_shown=f"as `{name.upper()}_URL`",
    )


@dataclass(frozen=True)
class PublicAddresses(FromEnv):
    """Base URLs for links: ``None`` means the console's own address, "" that a browser cannot open the server."""

    api: str | None = _public("api")
    console: str | None = _public("console")
    prometheus: str | None = _public("prometheus")
    alertmanager: str | None = _public("alertmanager")
    loki: str | None = _public("loki")
    jaeger: str | None = _public("jaeger")
    grafana: str | None = _public("grafana")

    def over(self, addresses: Addresses) -> Addresses:
        """Return the addresses for links: the public ones, else the console's own."""
        urls = {}
        for field in fields(Addresses):
            public: str | None = getattr(self, field.name)
            urls[field.name] = getattr(addresses, field.name) if public is None else public
        return Addresses(**urls)
