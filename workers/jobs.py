"""The jobs of the queue. Each job calls one use case of its process's shop, which ``current`` returns."""

from __future__ import annotations

from collections.abc import Callable

from shop.bootstrap import Shop

_new_shop: Callable[[], Shop] | None = None
_shop: Shop | None = None


class NotWired(RuntimeError):
    """A job was called in a process that is not a worker."""


def wire(new_shop: Callable[[], Shop]) -> None:
    """Set how the jobs of this process get a shop.

    Each work horse creates its own, because clients do not survive a fork.
    """
    global _new_shop, _shop
    _new_shop, _shop = new_shop, None


def fulfil_order(order_id: str) -> str | None:
    """Process an order as far as possible now; return its state, or ``None`` if there was nothing to do."""
    order = _shop_of_this_process().fulfil_order(order_id)
    return str(order.status) if order is not None else None


def _shop_of_this_process() -> Shop:
    # Created by the first job of a work horse; the worker process from which it was forked has none.
    global _shop
    if _shop is None:
        if _new_shop is None:
            raise NotWired("workers.jobs.wire was not called in this process")
        _shop = _new_shop()
    return _shop
