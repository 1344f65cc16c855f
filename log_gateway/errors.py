"""What the gateway refuses, as one tree. ``status`` is the HTTP status that the API answers with."""

from __future__ import annotations


class GatewayError(Exception):
    """Any of them."""

    status = 500


class QueryError(GatewayError):
    """The query is not LogQL, or uses something that is not supported. ``position`` is an offset in the query."""

    status = 400

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class LimitExceeded(GatewayError):
    """The query would read or return too much: more lines, series or points than allowed. It names the limit."""

    status = 400


class QueryTimeout(GatewayError):
    """The query took longer than it may."""

    status = 504


class Busy(GatewayError):
    """Too many queries are under way."""

    status = 429


class StoreUnavailable(GatewayError):
    """The log store does not answer, or answers what it should not."""

    status = 503
