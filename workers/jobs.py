"""What the queue may ask for. A job is one call of a use case; it knows its process's shop through ``current``."""

from __future__ import annotations

from collections.abc import Callable

from shop.bootstrap import Shop

_new_shop: Callable[[], Shop] | None = None


class NotWired(RuntimeError):
    """A job was called in a process that is no worker."""


def wire(new_shop: Callable[[], Shop]) -> None:
    """Tell the jobs of this process how to get a shop; each work-horse makes its own, for clients survive no fork."""
    global _new_shop
    _new_shop = new_shop


def fulfil_order(order_id: str) -> str | None:
    """Take an order as far as it goes now; returns its state, or ``None`` if there was nothing to do."""
    if _new_shop is None:
        raise NotWired("workers.jobs.wire was not called in this process")
    shop = _new_shop()
    try:
        order = shop.fulfil_order(order_id)
        return str(order.status) if order is not None else None
    finally:
        shop.stop()
