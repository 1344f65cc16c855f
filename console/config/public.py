"""The addresses that a browser can open.

In containers the console reaches Prometheus as ``http://prometheus:9090``, which means nothing outside: there
``PROMETHEUS_PUBLIC_URL`` and so on say where the ports were published. What is unset is as the console reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from console.config.addresses import Addresses
from console.config.environ import http_url


def public_addresses(environ: Mapping[str, str], addresses: Addresses) -> Addresses:
    """Return the addresses for links; raises ``WrongSetting``."""
    names = [field.name for field in fields(Addresses)]
    return Addresses(
        **{name: http_url(environ, f"{name.upper()}_PUBLIC_URL", getattr(addresses, name)) for name in names}
    )


def grafana_address(environ: Mapping[str, str]) -> str:
    """Return where Grafana's pages are, empty if it does not run here: no registry has it, so often it does not."""
    return http_url(environ, "GRAFANA_PUBLIC_URL", http_url(environ, "GRAFANA_URL", ""))
