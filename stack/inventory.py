"""All components of an instance."""

from __future__ import annotations

from stack import exporters, logservers, servers, services
from stack.components import Component
from stack.instance import Instance


def all_components(instance: Instance) -> list[Component]:
    """Return every component of this instance, in the order in which ``status`` lists them."""
    return [
        *servers.stores(instance),
        *services.all_of(instance),
        *servers.telemetry(instance),
        *logservers.all_of(instance),
        *exporters.all_of(instance),
    ]
