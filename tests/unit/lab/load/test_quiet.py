"""When a run may begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from lab.load.run.instance import NotReady
from lab.load.run.runner import QUIET_SCRAPES, quiet
from lab.load.verify.prometheus import Prometheus, Reading, Series

LIST = Series("GET", "/api/v1/products", 200)


class Scraped(Prometheus):
    """A Prometheus that has counted so many requests at one scrape after the other."""

    def __init__(self, counts: Iterable[int]) -> None:
        super().__init__("http://127.0.0.1:1")
        self._counts: Iterator[int] = iter(counts)

    def settled(self) -> Reading:
        """The next scrape's."""
        return Reading({("api-1", LIST): next(self._counts)}, {}, {})


def test_what_was_under_way_may_still_come() -> None:
    """The trickle's last requests; the reading is the first after which nothing came."""
    assert quiet(Scraped([3, 5, 6, 6])).counts == {("api-1", LIST): 6}


def test_somebody_who_goes_on_is_not_waited_for() -> None:
    """With how much he does, and what to do."""
    with pytest.raises(NotReady, match=r"somebody else .* \(2 requests .* end that first"):
        quiet(Scraped(range(0, 2 * QUIET_SCRAPES + 2, 2)))
