"""Requests that NGINX passed to a second replica, from its access log."""

from __future__ import annotations

import json
from pathlib import Path

from lab.load.verify.front_door import FrontDoor

PRODUCT, SEARCH = ("GET", "/api/v1/products/<product_id>"), ("GET", "/api/v1/products/search")
ORDERS = ("POST", "/api/v1/orders")
ONE, TWO = "127.0.0.1:8001", "127.0.0.1:8001, 127.0.0.1:8002"


def line(path: str, upstream: str, method: str = "GET") -> str:
    """Return a line in the format of NGINX."""
    entry = {"event": "nginx.access", "http_request_method": method, "url_path": path, "upstream_addr": upstream}
    return json.dumps(entry) + "\n"


def test_only_what_was_tried_again_since_counts(tmp_path: Path) -> None:
    """Only requests that were retried since the start of the run count, by route template."""
    log = tmp_path / "nginx.log"
    log.write_text(line("/api/v1/products/a", TWO))
    door = FrontDoor.from_now(log)
    with log.open("a") as file:
        file.write(
            line("/api/v1/products/a", ONE) + line("/api/v1/products/b", TWO) + line("/api/v1/products/search", TWO)
        )
        file.write("signal 3 (SIGQUIT) received\n" + line("/healthz", TWO) + line("/api/v1/orders", "") + '{"half": ')
    assert door.tried_again([PRODUCT, SEARCH, ORDERS]) == {PRODUCT: 1, SEARCH: 1}


def test_a_log_that_was_rotated_is_read_to_its_end(tmp_path: Path) -> None:
    """A rotated log is read completely, including lines that were written before it was renamed."""
    log = tmp_path / "nginx.log"
    log.write_text(line("/api/v1/orders", TWO, "POST"))
    door = FrontDoor.from_now(log)
    with log.open("a") as file:
        file.write(line("/api/v1/orders", TWO, "POST"))
    log.rename(tmp_path / "nginx.log.1")
    log.write_text(line("/api/v1/orders", TWO, "POST"))
    assert door.tried_again([ORDERS]) == {ORDERS: 2}
