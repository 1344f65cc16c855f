"""The raw responses of the servers, and the facts that follow directly from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from console.config.addresses import Addresses
from console.servers.alertmanager import ActiveAlert
from console.servers.inbox import Email
from console.servers.jaeger import Span
from console.servers.loki import LogLine
from console.servers.prometheus import Exemplar
from console.servers.shop import Order
from console.times import parse

ORDER_ATTRIBUTE = "shop.order.id"


@dataclass
class Evidence:
    """Filled while the servers are queried. ``None`` means no query or no response, empty means no data."""

    addresses: Addresses
    order_id: str = ""
    request_id: str = ""
    trace_id: str = ""
    order: Order | None = None
    spans: Sequence[Span] | None = None
    lines: Sequence[LogLine] | None = None
    exemplars: Sequence[Exemplar] | None = None
    emails: Sequence[Email] | None = None
    alerts: Sequence[ActiveAlert] | None = None
    has_jaeger_page: bool = False
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a sentence to the notes, once."""
        if text not in self.notes:
            self.notes.append(text)


def expected_services(order: Order | None) -> frozenset[str]:
    """Return the services that must have spans and log lines of this order.

    No service is expected for a request that placed no order, and the payment service is not expected if it was never
    called. A cancelled order was pending until it was cancelled, so no worker had processed it.
    """
    if order is None:
        return frozenset()
    if not order.is_final or order.status == "cancelled":
        return frozenset({"api"})
    if order.reason.startswith("out_of_stock"):
        return frozenset({"api", "worker"})
    return frozenset({"api", "worker", "payments"})


def detached(spans: Sequence[Span]) -> list[Span]:
    """Return the spans whose parent is missing, except the first one, whose parent may belong to the client."""
    known = {span.span_id for span in spans}
    roots = sorted((span for span in spans if span.parent_id not in known), key=lambda span: span.start_us)
    return [span for span in roots[1:] if span.parent_id is not None]


def missing_services(present: Iterable[str], expected: frozenset[str]) -> str:
    """Return the expected services that are not present, in words ("the payments' and worker's"); "" if none."""
    missing = sorted(expected - set(present))
    names = [name + ("'" if name.endswith("s") else "'s") for name in missing]
    return "the " + " and ".join(names) if names else ""


def missing_spans(spans: Sequence[Span], expected: frozenset[str]) -> str:
    """Return in words what the trace still lacks; empty when it is complete.

    A trace is complete when every expected service is in it and no span waits for its parent.
    """
    if not spans:
        return "the trace's first spans"
    if services := missing_services((span.service for span in spans), expected):
        return f"{services} spans"
    return "the parents of spans that have arrived" if detached(spans) else ""


def happened_at(evidence: Evidence) -> datetime | None:
    """Return the best known time of the request's response: from its span, the order or its log lines."""
    for span in sorted(evidence.spans or (), key=lambda span: span.start_us):
        return datetime.fromtimestamp(span.end_us / 1e6, UTC)
    if evidence.order and evidence.order.history:
        return parse(evidence.order.history[0].at)
    if evidence.lines:
        return datetime.fromtimestamp(evidence.lines[0].at_ns / 1e9, UTC)
    return None


def order_id_in(spans: Sequence[Span]) -> str:
    """Return the id of the order in a trace, empty if it has none."""
    return next((str(span.attributes[ORDER_ATTRIBUTE]) for span in spans if ORDER_ATTRIBUTE in span.attributes), "")


def field_in(lines: Sequence[LogLine], name: str) -> str:
    """Return the first value that the log lines have of a field, empty if none has it."""
    return next((line.fields[name] for line in lines if line.fields.get(name)), "")
