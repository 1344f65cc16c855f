"""When to try again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

LEASE = timedelta(seconds=30)
"""How long a worker may hold an order before another may take it: well above a fulfilment with all its time limits
(payment: 20 s for all tries together, mail 3 s), so that two never work on one order."""

GRACE = timedelta(seconds=10)
"""How long a fresh order is left to the queue before the sweeper looks after it."""

MAX_STRIKES = 5
"""How often in a row a fulfilment may die before its order becomes a dead letter."""

_FIRST, _LONGEST = 2.0, 60.0


def backoff(attempts: int, uniform: Callable[[float, float], float] = random.uniform) -> timedelta:
    """Time to the next attempt after ``attempts`` failed ones: exponential, at most a minute, with equal jitter.

    "Equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter"): half is fixed, half random, so that
    orders that failed together do not come back together, and none comes back at once.
    """
    ceiling = min(_LONGEST, _FIRST * 2.0 ** max(0, attempts - 1))
    return timedelta(seconds=ceiling / 2 + uniform(0, ceiling / 2))
