"""``/api/requests`` and ``/api/requests/<id>``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from console.config.addresses import Addresses
from console.follow.clients import Clients
from console.lookup.findings import findings
from console.lookup.lists import KINDS, RequestLists
from console.lookup.path import Piece, critical_path
from console.lookup.subject import ID, gather
from console.reading.memo import Memo
from console.servers.jaeger import Span
from console.story import Evidence, build_story
from console.story.export import as_data
from console.web.arguments import whole_number
from console.web.limits import RateLimit
from console.web.problems import problem

FRESH_SECONDS = 2.0
LONGEST_MINUTES = 24 * 60
MOST = 300
MOST_SPANS = 2_000


def blueprint(lists: RequestLists, clients: Clients, public: Addresses, now: Callable[[], datetime]) -> Blueprint:
    """Return the routes; ``public`` are the addresses that a browser can open, for the links of a story."""
    routes = Blueprint("lookup", __name__, url_prefix="/api")
    memo = Memo(FRESH_SECONDS)
    rate = RateLimit(per_second=5, burst=20)

    @routes.get("/requests")
    def show_list() -> Response:
        """List recent, slow or failed requests (``kind``) of the last ``minutes``; slow: ``seconds`` or longer."""
        kind = request.args.get("kind", "recent")
        if kind not in KINDS:
            abort(400, f"kind must be one of {', '.join(KINDS)}.")
        minutes = whole_number("minutes", 60, 1, LONGEST_MINUTES)
        limit = whole_number("limit", 100, 1, MOST)
        milliseconds = whole_number("milliseconds", 1_000, 1, 600_000)
        key = (kind, minutes, limit, milliseconds)
        found = memo.get(key, lambda: lists.read(kind, minutes, limit, milliseconds / 1000))
        return jsonify({"requests": found})

    @routes.get("/requests/<identity>")
    def show_one(identity: str) -> Response:
        """Return the story of one request, by its own id or that of its trace or order."""
        rate.spend()
        evidence = Evidence(public)
        if not ID.fullmatch(identity) or not gather(evidence, identity, clients, now):
            known = " ".join(evidence.notes)
            detail = "No request, trace or order with this ID was found. Traces and log lines are kept for one day."
            return problem(404, f"{detail} {known}".strip())
        spans, lines = evidence.spans or (), evidence.lines or ()
        story = as_data(build_story(evidence))
        path = critical_path(spans)
        story["findings"] = findings(spans, lines)
        story["details"] = {span.span_id: _details(span, path.get(span.span_id, ())) for span in spans[:MOST_SPANS]}
        story["log_fields"] = [dict(line.fields) for line in lines]
        story["exemplars"] = _exemplars(evidence)
        return jsonify(story)

    return routes


def _details(span: Span, path: Sequence[Piece]) -> dict[str, Any]:
    return {
        # Intervals of the critical path: their offset from the span's start, and their length.
        "path": [[(start - span.start_us) / 1000, (end - start) / 1000] for start, end in path],
        "attributes": dict(span.attributes),
        "events": [
            {
                "name": event.name,
                "offset_ms": (event.at_us - span.start_us) / 1000,
                "attributes": dict(event.attributes),
            }
            for event in span.events
        ],
    }


def _exemplars(evidence: Evidence) -> Sequence[dict[str, Any]]:
    """Return observations from the same time that have a trace, for comparison."""
    return [
        {
            "trace_id": exemplar.trace_id,
            "seconds": exemplar.value,
            "at": exemplar.at,
            "route": exemplar.series.get("http_route", ""),
            "method": exemplar.series.get("http_request_method", ""),
        }
        for exemplar in list(evidence.exemplars or ())[-20:]
        if exemplar.trace_id
    ]
