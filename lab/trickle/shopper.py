"""A shopper: one visit after the other, until it is stopped."""

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
"""Wait so many seconds; True says to stop, at once if it is said in the middle."""


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
        """Visit again and again. Starts at a random moment, so that shoppers do not march in step."""
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
            except Exception:  # a shopper with a defect says so and goes on: silence would look like a quiet shop
                log.exception("a visit failed by a defect of the traffic itself")
                yield DEFECT_SECONDS
