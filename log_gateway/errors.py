"""The gateway's exceptions, which share a base class. ``status`` is the HTTP status of the response."""

from __future__ import annotations


class GatewayError(Exception):
    """The base class of the gateway's exceptions."""

    status = 500


class QueryError(GatewayError):
    """The query is not LogQL or uses an unsupported feature. ``position`` is an offset in the query."""

    status = 400

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class LimitExceeded(GatewayError):
    """The query would read or return more lines, series or points than allowed. The message names the limit."""

    status = 400


class QueryTimeout(GatewayError):
    """The query exceeded its time limit."""

    status = 504


class Busy(GatewayError):
    """Too many queries are running."""

    status = 429


class StoreUnavailable(GatewayError):
    """The log store does not respond, or its response is unexpected."""

    status = 503
