"""Time limits and delays of attempts."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

LEASE = timedelta(seconds=30)
"""Seconds for which a worker may hold an order before another may take it.

It is well above the duration of a fulfilment with all its time limits (payment: 20 s for all attempts together, mail 3
s), so that two workers never process the same order.
"""

GRACE = timedelta(seconds=10)
"""Seconds after which the sweeper checks a new order; until then, it relies on the queue."""

MAX_STRIKES = 5
"""The number of consecutive crashes or defects of a fulfilment after which its order becomes a dead letter."""

_FIRST, _LONGEST = 2.0, 60.0


def backoff(attempts: int, uniform: Callable[[float, float], float] = random.uniform) -> timedelta:
    """Return the delay before the next attempt after ``attempts`` failed ones: exponential with jitter, up to a minute.

    "Equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter"): half is fixed, half random, so that orders
    that failed together are not retried together, and none is retried immediately.
    """
    ceiling = min(_LONGEST, _FIRST * 2.0 ** max(0, attempts - 1))
    return timedelta(seconds=ceiling / 2 + uniform(0, ceiling / 2))
