"""Every server that the pages read from, at the addresses of this installation."""

from __future__ import annotations

from dataclasses import dataclass

from console.config.addresses import Addresses
from console.servers.http import JsonServer, Transport
from console.servers.joining import Joining

_SHOP_SECONDS = 10.0
_JAEGER_SECONDS = 8.0


@dataclass(frozen=True)
class Directory:
    """One ``JsonServer`` per server; no other server can be queried."""

    api: JsonServer
    prometheus: JsonServer
    loki: JsonServer
    jaeger: JsonServer
    alertmanager: JsonServer

    @classmethod
    def at(cls, addresses: Addresses, transport: Transport, joining: Joining | None = None) -> Directory:
        """Return the servers, which share one transport; ``joining`` states why a server is not up yet."""
        return cls(
            api=JsonServer("API", addresses.api, transport, _SHOP_SECONDS),
            prometheus=JsonServer("Prometheus", addresses.prometheus, transport),
            loki=JsonServer("Log store", addresses.loki, transport, joining=joining),
            jaeger=JsonServer("Jaeger", addresses.jaeger, transport, _JAEGER_SECONDS, joining),
            alertmanager=JsonServer("Alertmanager", addresses.alertmanager, transport, joining=joining),
        )
