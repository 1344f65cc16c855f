"""``/api/logs`` and ``/api/logs/tail``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify, request

from console.boards.queries import lines_for_page
from console.servers.loki import Loki
from console.tail.logql import query_of
from console.tail.stream import Tail, events, moment
from console.web.arguments import short_text, whole_number, word
from console.web.limits import Places, RateLimit

MOST = 500
LONGEST_QUERY = 2_000


def blueprint(loki: Loki, places: Places, now: Callable[[], datetime]) -> Blueprint:
    """Return the routes; ``places`` limits the number of concurrent streams."""
    routes = Blueprint("tail", __name__, url_prefix="/api")
    rate = RateLimit(per_second=5, burst=20)

    @routes.get("/logs")
    def show() -> Response:
        """Return the newest lines that match the filters."""
        rate.spend()
        minutes, limit = whole_number("minutes", 15, 1, 24 * 60), whole_number("limit", 200, 1, MOST)
        end = now() + timedelta(seconds=2)
        query = _query()
        return jsonify(
            {"query": query, "lines": lines_for_page(loki, query, end - timedelta(minutes=minutes), end, limit)}
        )

    @routes.get("/logs/tail")
    def follow() -> Response:
        """Stream new matching lines; the stream ends after some minutes and the browser reconnects."""
        rate.spend()
        query = _query()
        places.occupy()
        stream = Held(events(Tail(loki, query, now, moment(request.headers.get("Last-Event-ID", "")))), places)
        return Response(stream, content_type="text/event-stream; charset=utf-8", headers={"X-Accel-Buffering": "no"})

    return routes


class Held:
    """An iterator that releases its place once, however it ends, even if it was never started."""

    def __init__(self, chunks: Iterator[str], places: Places) -> None:
        self._chunks, self._places, self._is_held = chunks, places, True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next chunk."""
        return next(self._chunks)

    def close(self) -> None:
        """Called by the server when the browser has disconnected or the stream has ended."""
        if self._is_held:
            self._is_held = False
            self._places.leave()


def _query() -> str:
    """Return the given query of an alert or a runbook, else one built from the filters. Loki validates it."""
    return short_text("query", LONGEST_QUERY) or query_of(
        word("service"), word("level").upper(), short_text("text"), word("event"), word("id")
    )
