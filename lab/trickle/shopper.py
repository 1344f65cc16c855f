"""A shopper, who makes one visit after the other until it is stopped."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.trickle.outage import Outage
from lab.trickle.shop import Shop, ShopIsDown
from lab.trickle.visit import visit

DEFECT_SECONDS = 15.0

log = logging.getLogger(__name__)

Rest = Callable[[float], bool]
"""Waits this many seconds. Returns True immediately when the shopper must stop."""


@dataclass(frozen=True)
class Shopper:
    """``pace`` divides the pauses of visits, not those of an outage."""

    shop: Shop
    outage: Outage
    rest: Rest
    rng: random.Random
    pace: float
    api_url: str

    def run(self) -> None:
        """Visit repeatedly. The start is delayed by a random time, so that shoppers do not act in step."""
        if self.rest(self.rng.uniform(0.0, 3.0) / self.pace):
            return
        for pause in self._pauses():
            if self.rest(pause):
                return

    def _pauses(self) -> Iterator[float]:
        failures = 0
        while True:
            try:
                for think in visit(self.shop, self.rng):
                    failures = 0
                    self.outage.succeeded()
                    yield think / self.pace
            except ShopIsDown as error:
                failures += 1
                yield self.outage.failed(failures, str(error), self.api_url)
            except Exception:  # a bug is logged and the shopper continues: no traffic would look like a quiet shop
                log.exception("a visit failed because of a bug in the traffic generator")
                yield DEFECT_SECONDS
