"""The queue to the workers, on RQ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from rq import Queue
from rq.exceptions import DuplicateJobError

from glasshouse_observability.context import bind_ids
from shop.domain.errors import QueueUnavailable
from shop.domain.order import Order, Origin

FULFIL = "workers.jobs.fulfil_order"
JOB_TIMEOUT_SECONDS = 60


class RqOrderQueue:
    """Implements ``ports.OrderQueue``."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def enqueue(self, order: Order) -> None:
        """Enqueue the order's fulfilment unless it is already queued. Raises ``QueueUnavailable``.

        The job always belongs to the trace and the request that placed the order, even if the sweeper enqueues it.
        """
        try:
            with bind_ids(order.origin.request_id), _within(order.origin):
                try:
                    self._add(order.id, unique=True)
                except DuplicateJobError:
                    # Left by a run that ended or died with its worker: the order's lease prevents two workers from
                    # processing it.
                    if self.missing([order]):
                        self._add(order.id, unique=False)
        except redis.RedisError as error:
            raise QueueUnavailable("The queue does not accept jobs.") from error

    def missing(self, orders: Sequence[Order]) -> list[Order]:
        """Return those orders that are not in the queue; see ``ports.OrderQueue``.

        The list itself is queried, not the job: a worker that is killed between taking a job off the list and recording
        that leaves a job with the status "queued" that is in no list, and Redis may restart without its last second of
        writes.
        """
        try:
            with self._queue.connection.pipeline(transaction=False) as pipe:
                for order in orders:
                    pipe.lpos(self._queue.key, _job_id(order.id))
                places = pipe.execute()
        except redis.RedisError as error:
            raise QueueUnavailable("The queue does not respond.") from error
        return [order for order, place in zip(orders, places, strict=True) if place is None]

    def _add(self, order_id: str, unique: bool) -> None:
        self._queue.enqueue(
            FULFIL,
            order_id,
            job_id=_job_id(order_id),
            unique=unique,
            job_timeout=JOB_TIMEOUT_SECONDS,
            # The order itself holds the result; RQ's copy would only use memory in Redis.
            result_ttl=0,
            failure_ttl=3600,
            description=f"fulfil {order_id}",
        )


@contextmanager
def _within(origin: Origin) -> Iterator[None]:
    """Within the block, the span that placed the order is current, unless a span is current already."""
    if trace.get_current_span().get_span_context().is_valid or not (origin.trace_id and origin.span_id):
        yield
        return
    placed = SpanContext(int(origin.trace_id, 16), int(origin.span_id, 16), True, TraceFlags(TraceFlags.SAMPLED))
    # A new context: that of the sweeper creates no spans.
    token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(placed), Context()))
    try:
        yield
    finally:
        otel_context.detach(token)


def _job_id(order_id: str) -> str:
    return f"order-{order_id}"
