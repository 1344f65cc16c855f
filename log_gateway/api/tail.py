"""The endpoint ``tail``: new lines over a WebSocket, for Grafana's live view and ``logcli --tail``.

It is a separate WSGI application, because the duration of an open-ended stream is not a request duration. The store is
queried every second, each time for the last few seconds, because lines arrive late and out of order; lines already sent
are skipped.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import orjson
from simple_websocket import ConnectionClosed, Server
from simple_websocket.errors import SimpleWebsocketError
from werkzeug.wrappers import Request
from wsproto.utilities import ProtocolError

from log_gateway.api import arguments
from log_gateway.api.asking import Asking, refusal
from log_gateway.errors import Busy, GatewayError, QueryError
from log_gateway.evaluation.log_query import run_log_query
from log_gateway.logql.ast import LogQuery
from log_gateway.logql.parser import parse
from log_gateway.source import Labels
from log_gateway.store.client import Deadline

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/loki/api/v1/tail"
EVERY_SECONDS = 1.0
OVERLAP = 10 * arguments.SECOND
LONGEST_SECONDS = 3600.0
_LONGEST_DELAY = 5
_REMEMBERED = 20_000

Line = tuple[Labels, int, str]


class TailEndpoint:
    """Sends lines as they arrive. Each stream occupies a thread, so their number is limited."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._places = BoundedSemaphore(asking.limits.tails)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one stream until the client disconnects, an hour has passed or the store fails."""
        request = Request(environ)
        try:
            tail = self._tail(request)
            if not self._places.acquire(blocking=False):
                raise Busy("too many tails are open: close one, then try again")
        except GatewayError as error:
            return refusal(error, request)(environ, start_response)
        try:
            socket = Server.accept(environ, ping_interval=20)
        except (ProtocolError, SimpleWebsocketError):
            refused = QueryError("tail is a WebSocket: connect with ws:// in place of http://")
            return refusal(refused, request)(environ, start_response)
        else:
            self._serve(socket, tail)
        finally:
            self._places.release()
        return []

    def _tail(self, request: Request) -> Tail:
        query = parse(request.args.get("query", ""))
        if not isinstance(query, LogQuery):
            raise QueryError("a log query is required here: a metric query cannot be tailed")
        delay = arguments.duration_of(request.args.get("delay_for") or "0", "delay_for") // arguments.SECOND
        if delay > _LONGEST_DELAY:
            raise QueryError(f"delay_for={delay} is more than {_LONGEST_DELAY} seconds")
        start, _ = arguments.span_of({**request.args, "end": ""}, time.time_ns())
        limit = arguments.limit_of(request.args, 100, self._asking.limits.lines)
        return Tail(self._asking, query, start, limit, delay * arguments.SECOND)

    def _serve(self, socket: Server, tail: Tail) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        try:
            while time.monotonic() < end:
                if lines := tail.new():
                    socket.send(orjson.dumps({"streams": [_stream(line) for line in lines]}).decode())
                # Clients send nothing. A pending receive detects that they have disconnected.
                socket.receive(timeout=EVERY_SECONDS)
        except ConnectionClosed:
            return
        except GatewayError as error:
            socket.close(1011, str(error)[:100])
            return
        socket.close(1000, "a tail ends after an hour: connect again")


class Tail:
    """Reads the lines that have arrived since the last poll."""

    def __init__(self, asking: Asking, query: LogQuery, start: int, limit: int, delay: int) -> None:
        self._asking, self._query, self._start, self._limit, self._delay = asking, query, start, limit, delay
        self._sent: OrderedDict[Line, None] = OrderedDict()
        self._is_first = True

    def new(self) -> list[Line]:
        """Return lines not returned before, oldest first. The first call returns the newest ``limit`` lines."""
        now = time.time_ns() - self._delay
        limit = self._limit if self._is_first else self._asking.limits.lines
        source = self._asking.source(Deadline(self._asking.limits.seconds))
        found = run_log_query(self._query, self._start, now + arguments.SECOND, limit, "backward", source)
        lines = [(stream.labels, at, text) for stream in found for at, text in stream.entries]
        fresh = sorted((line for line in lines if line not in self._sent), key=lambda line: line[1])
        self._sent.update(dict.fromkeys(fresh))
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        self._start, self._is_first = max(self._start, now - OVERLAP), False
        return fresh


def _stream(line: Line) -> dict[str, object]:
    labels, at, text = line
    return {"stream": dict(labels), "values": [[str(at), text]]}
