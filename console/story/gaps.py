"""Describe what is missing in the evidence, one sentence per gap."""

from __future__ import annotations

from console.story.evidence import Evidence, expected_services, missing_services, missing_spans
from console.story.model import ExemplarPart


def gaps(evidence: Evidence, exemplar: ExemplarPart | None) -> list[str]:
    """Return a sentence for each missing item. Errors of servers are reported separately."""
    order, expected = evidence.order, expected_services(evidence.order)
    found = []
    if order and not order.is_final:
        found.append(f"The order is still {order.status}: its worker is busy or down (see `make status`).")
    if order and not evidence.trace_id:
        found.append("The order has no trace ID: tracing was off in the API that accepted it.")
    if evidence.spans is not None and (missing := missing_spans(evidence.spans, expected)):
        found.append(f"Jaeger does not have {missing}.")
    if evidence.lines is not None:
        if not evidence.lines:
            found.append("The log store has no log lines for this request.")
        elif missing := missing_services((line.service for line in evidence.lines), expected):
            found.append(f"The log store does not have {missing} log lines.")
    if evidence.exemplars is not None and exemplar is None:
        found.append("Prometheus has no exemplar for this route around that time.")
    if evidence.emails == [] and order and order.status == "confirmed":
        found.append("The console has no e-mail about this order.")
    return found
