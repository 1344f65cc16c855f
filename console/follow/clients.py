"""The clients of the servers at the addresses of this installation."""

from __future__ import annotations

from dataclasses import dataclass

from console.config.addresses import Addresses
from console.servers.alertmanager import Alertmanager
from console.servers.http import JsonServer, Transport
from console.servers.inbox import ConsoleInbox
from console.servers.jaeger import Jaeger
from console.servers.joining import Joining
from console.servers.loki import Loki
from console.servers.prometheus import Prometheus
from console.servers.shop import Shop

_SHOP_SECONDS = 10.0


@dataclass(frozen=True)
class Clients:
    """One client per server."""

    shop: Shop
    jaeger: Jaeger
    loki: Loki
    prometheus: Prometheus
    alertmanager: Alertmanager
    inbox: ConsoleInbox

    @classmethod
    def at(cls, addresses: Addresses, transport: Transport, joining: Joining | None = None) -> Clients:
        """Return clients that share one transport; ``joining`` states why a server is not up yet."""
        return cls(
            shop=Shop(JsonServer("API", addresses.api, transport, _SHOP_SECONDS)),
            jaeger=Jaeger(JsonServer("Jaeger", addresses.jaeger, transport, joining=joining)),
            loki=Loki(JsonServer("Log store", addresses.loki, transport, joining=joining)),
            prometheus=Prometheus(JsonServer("Prometheus", addresses.prometheus, transport)),
            alertmanager=Alertmanager(JsonServer("Alertmanager", addresses.alertmanager, transport, joining=joining)),
            inbox=ConsoleInbox(JsonServer("Console", addresses.console, transport)),
        )
