"""What the queue may ask for. A job is one call of a use case; it knows its process's shop through ``current``."""

from __future__ import annotations

from collections.abc import Callable

from shop.bootstrap import Shop

_new_shop: Callable[[], Shop] | None = None
_shop: Shop | None = None


class NotWired(RuntimeError):
    """A job was called in a process that is no worker."""


def wire(new_shop: Callable[[], Shop]) -> None:
    """Set how the jobs of this process get a shop; each work horse makes its own, as clients do not survive a fork."""
    global _new_shop, _shop
    _new_shop, _shop = new_shop, None


def fulfil_order(order_id: str) -> str | None:
    """Take an order as far as it goes now; returns its state, or ``None`` if there was nothing to do."""
    order = _shop_of_this_process().fulfil_order(order_id)
    return str(order.status) if order is not None else None


def _shop_of_this_process() -> Shop:
    # Made by the first job of a work horse: the worker itself, from which it was forked, has none.
    global _shop
    if _shop is None:
        if _new_shop is None:
            raise NotWired("workers.jobs.wire was not called in this process")
        _shop = _new_shop()
    return _shop
