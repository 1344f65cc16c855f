"""Reading the API's counters from Prometheus."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.clients.errors import NoAnswer
from lab.clients.prometheus import Prometheus
from lab.load.verify.counters import Counters, Series

LABELS = {"instance": "api-1", "http_request_method": "GET", "http_route": "/x", "http_response_status_code": "200"}
GONE = {**LABELS, "http_response_status_code": "404"}


class Answers(Prometheus):
    """A server whose next scrape is in one second, and that still has an older series."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.at = time.time() + 1.0

    def query(self, promql: str) -> list[dict[str, Any]]:
        now, before = [[self.at - 5, "1"], [self.at, "7"]], [[self.at - 40, "9"]]
        if promql.startswith("timestamp"):
            return [{"metric": {"instance": "api-1"}, "value": [self.at, str(self.at)]}]
        if promql.startswith("up"):
            return [{"metric": {"instance": "api-1"}, "value": [self.at, "1"]}]
        if "_bucket" in promql:
            return [
                {"metric": {**LABELS, "le": "0.1"}, "values": now},
                {"metric": {**LABELS, "le": "+Inf"}, "values": now},
                {"metric": {**GONE, "le": "+Inf"}, "values": before},
            ]
        if "_count" in promql:
            return [{"metric": LABELS, "values": now}, {"metric": GONE, "values": before}]
        return [{"metric": {"instance": "api-1"}, "values": now}]


def test_only_what_was_in_the_last_scrape_counts() -> None:
    """Only series of the last scrape count.

    An instant query would return an earlier process's counts for five minutes.
    """
    reading = Counters(Answers()).settled()
    assert reading.counts == {("api-1", Series("GET", "/x", 200)): 7.0}
    assert reading.buckets == {("api-1", 0.1): 7, ("api-1", float("inf")): 7}


def test_a_server_that_does_not_answer_is_named() -> None:
    """A server that does not respond is reported with its address."""
    with pytest.raises(NoAnswer, match=r"http://127\.0\.0\.1:1 does not respond"):
        Counters(Prometheus("http://127.0.0.1:1")).settled()
