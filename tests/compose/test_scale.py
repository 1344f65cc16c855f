"""`--scale api=4` is all it takes."""

from __future__ import annotations

import json
from collections import Counter

from tests.compose.composed import Composed
from tests.waiting import wait_until

FOUR = {"api-1", "api-2", "api-3", "api-4"}


def test_four_replicas_are_scraped_and_served(stack: Composed) -> None:
    """Prometheus and NGINX see them without an edit or a restart; and no longer when they are gone."""
    before = stack.container("nginx")["State"]["StartedAt"]
    stack.up("--scale", "api=4", "--no-recreate")

    def scraped() -> set[str]:
        return {row["metric"]["instance"] for row in stack.query('up{job="api"} == 1')}

    wait_until("Prometheus to scrape four replicas", lambda: scraped() == FOUR, 40)

    def served() -> int:
        """Replicas that NGINX has sent one of 40 requests to."""
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
