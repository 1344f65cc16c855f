"""`--scale api=4` is sufficient to add replicas."""

from __future__ import annotations

import json
from collections import Counter

from tests.compose.composed import Composed
from tests.waiting import wait_until

FOUR = {"api-1", "api-2", "api-3", "api-4"}


def test_four_replicas_are_scraped_and_served(stack: Composed) -> None:
    """Prometheus and NGINX use new replicas without an edit or a restart, and drop them when they are removed."""
    before = stack.container("nginx")["State"]["StartedAt"]
    stack.up("--scale", "api=4", "--no-recreate")

    def scraped() -> set[str]:
        return {row["metric"]["instance"] for row in stack.query('up{job="api"} == 1')}

    wait_until("Prometheus to scrape four replicas", lambda: scraped() == FOUR, 40)

    def served() -> int:
        """Send 40 requests and return the replicas that NGINX sent them to."""
        ids = {stack.api("GET", "/api/v1/products?limit=1").headers["X-Request-ID"] for _ in range(40)}
        lines = stack.engine.docker("logs", "--tail", "400", stack.container("nginx")["Id"]).splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return len(Counter(line["upstream_addr"] for line in found if line["request_id"] in ids))

    wait_until("NGINX to send to four replicas", lambda: served() == 4, 40)
    assert stack.container("nginx")["State"]["StartedAt"] == before

    stack.up("--scale", "api=2", "--no-recreate")
    statuses = [stack.api("GET", "/api/v1/products?limit=1").status_code for _ in range(40)]
    assert set(statuses) == {200}
    wait_until("NGINX to send to two replicas", lambda: served() == 2, 40)
