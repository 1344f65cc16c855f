"""Creation of the story from the evidence."""

from __future__ import annotations

from console.servers.alertmanager import ActiveAlert
from console.servers.inbox import Email
from console.servers.shop import Order
from console.story.evidence import Evidence, expected_services
from console.story.exemplars import exemplar_part, route_of_trace
from console.story.gaps import gaps
from console.story.links import links
from console.story.model import AlertPart, EmailPart, OrderPart, StateEntry, Story
from console.story.tree import log_entry, trace_part
from console.times import parse


def build_story(evidence: Evidence) -> Story:
    """Return the story. Its notes list what is missing; missing data is never an error."""
    spans, lines = evidence.spans or (), evidence.lines or ()
    began_us = min((span.start_us for span in spans), default=None)
    trace = trace_part(evidence.trace_id, spans, lines, expected_services(evidence.order))
    exemplar = exemplar_part(evidence.exemplars or (), evidence.trace_id, route_of_trace(spans))
    return Story(
        order=order_part(evidence.order) if evidence.order else None,
        request_id=evidence.request_id,
        trace_id=evidence.trace_id,
        trace=trace,
        logs=tuple(log_entry(line, began_us) for line in lines),
        exemplar=exemplar,
        emails=tuple(_email(email, evidence.addresses.console) for email in evidence.emails or ()),
        alerts=tuple(_alert(alert) for alert in evidence.alerts or () if alert.labels.get("severity") != "none"),
        notes=(*evidence.notes, *gaps(evidence, exemplar)),
        links=links(evidence),
    )


def order_part(order: Order) -> OrderPart:
    """Return the order with the time that each state took."""
    times = [parse(state.at) for state in order.history]
    first = times[0] if times else None
    states = tuple(
        StateEntry(state.status, state.at, (at - first).total_seconds() * 1000 if at and first else None)
        for state, at in zip(order.history, times, strict=True)
    )
    return OrderPart(
        id=order.id,
        status=order.status,
        is_final=order.is_final,
        reason=order.reason,
        total_cents=order.total_cents,
        currency=order.currency,
        items=tuple(
            f"{item.get('quantity', '?')} × {item.get('name') or item.get('product_id')}" for item in order.items
        ),
        states=states,
    )


def _email(email: Email, console_url: str) -> EmailPart:
    return EmailPart(email.id, email.subject, email.received_at, f"{console_url}/api/inbox/{email.id}")


def _alert(alert: ActiveAlert) -> AlertPart:
    return AlertPart(alert.name, alert.labels.get("severity", ""), alert.summary, alert.starts_at)
