"""The condition for starting a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from lab.clients.errors import RunFailed
from lab.clients.prometheus import Prometheus
from lab.load.run.runner import QUIET_SCRAPES, quiet
from lab.load.verify.counters import Counters, Reading, Series

LIST = Series("GET", "/api/v1/products", 200)


class Scraped(Counters):
    """Counters with these totals, one for each scrape."""

    def __init__(self, counts: Iterable[int]) -> None:
        super().__init__(Prometheus("http://127.0.0.1:1"))
        self._counts: Iterator[int] = iter(counts)

    def settled(self) -> Reading:
        """Return the reading of the next scrape."""
        return Reading({("api-1", LIST): next(self._counts)}, {}, {})


def test_last_requests_may_still_arrive() -> None:
    """The last requests of the background traffic may still arrive.

    The reading is the first one after which no request arrived.
    """
    assert quiet(Scraped([3, 5, 6, 6])).counts == {("api-1", LIST): 6}


def test_a_client_that_goes_on_is_an_error() -> None:
    """Another client that keeps sending is an error with its number of requests and the remedy."""
    with pytest.raises(RunFailed, match=r"another client .* \(2 requests .* stop it first"):
        quiet(Scraped(range(0, 2 * QUIET_SCRAPES + 2, 2)))
