"""The API's responses to valid and invalid requests."""

from __future__ import annotations

from typing import Any

import pytest

from app.prepare import NotPrepared, Preparation
from shop.domain.errors import DatabaseUnavailable
from tests.unit.app.conftest import Api
from tests.unit.shop.fakes import LAMP, MUG

GOOD = {"items": [{"product_id": LAMP.id, "quantity": 1}]}


def test_an_order_is_accepted_and_can_be_looked_at(api: Api) -> None:
    """A valid order returns 202 with its location and IDs, and the location returns the same order."""
    answer = api.order(GOOD)
    assert answer.status_code == 202
    body = answer.get_json()
    assert body["status"] == "pending"
    assert body["total_cents"] == LAMP.price_cents
    assert answer.headers["Location"] == f"/api/v1/orders/{body['id']}"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["trace_id"] == answer.headers["X-Trace-ID"]
    assert api.client.get(answer.headers["Location"]).get_json() == body


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "items"),
        ([], 422, "object"),
        ({"items": []}, 422, "items"),
        ({"items": "lamp"}, 422, "items"),
        ({"items": [{"product_id": LAMP.id}]}, 422, "quantity"),
        ({"items": [{"product_id": LAMP.id, "quantity": 0}]}, 422, "greater than or equal to 1"),
        ({"items": [{"product_id": LAMP.id, "quantity": -1}]}, 422, "greater than or equal to 1"),
        ({"items": [{"product_id": LAMP.id, "quantity": 10**9}]}, 422, "less than or equal to"),
        ({"items": [{"product_id": LAMP.id, "quantity": "1"}]}, 422, "valid integer"),
        ({"items": [{"product_id": LAMP.id, "quantity": 1.5}]}, 422, "valid integer"),
        ({"items": [{"product_id": LAMP.id, "quantity": True}]}, 422, "valid integer"),
        ({"items": [{"product_id": {"$gt": ""}, "quantity": 1}]}, 422, "valid string"),
        ({"items": [{"product_id": "no-such-thing", "quantity": 1}]}, 422, "no-such-thing"),
        ({"items": [{"product_id": "No Such Thing", "quantity": 1}]}, 422, "pattern"),
        ({"items": [{"product_id": LAMP.id, "quantity": 1, "price": 0}]}, 422, "price"),
        ({"items": GOOD["items"] * 51}, 422, "at most 50"),
        ({"items": [{"product_id": LAMP.id, "quantity": 600}] * 2}, 422, "1 to 1000"),
    ],
)
def test_a_bad_order_is_answered_with_what_is_wrong(api: Api, body: Any, status: int, says: str) -> None:
    """An invalid order returns a problem that describes the mistake, and nothing is stored or enqueued."""
    answer = api.order(body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    problem = answer.get_json()
    assert says in problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert (api.orders.orders, api.queue.enqueued) == ({}, [])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 10_000])
def test_what_is_not_json_is_refused(api: Api, body: bytes) -> None:
    """A body that is empty, truncated, not UTF-8 or nested too deeply returns 400, never 5xx."""
    answer = api.client.post("/api/v1/orders", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "not valid JSON" in answer.get_json()["detail"]


def test_another_media_type_is_refused(api: Api) -> None:
    """A request with another media type returns 415, and the problem names the media type to send."""
    answer = api.client.post("/api/v1/orders", data="items=1")
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["detail"]


def test_a_body_of_ten_megabytes_is_refused(api: Api) -> None:
    """A body of 10 MB returns 413 and is not parsed."""
    answer = api.client.post("/api/v1/orders", data=b" " * 10_000_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


def test_an_idempotency_key_is_honoured(api: Api) -> None:
    """A repeated request with the same key returns the first order; the same key with another body returns 422."""
    first = api.order(GOOD, Idempotency_Key="k-1").get_json()
    assert api.order(GOOD, Idempotency_Key="k-1").get_json() == first
    other = api.order({"items": [{"product_id": MUG.id, "quantity": 1}]}, Idempotency_Key="k-1")
    assert other.status_code == 422
    assert other.get_json()["type"].endswith("idempotency-key-reused")


@pytest.mark.parametrize("key", ["", "with space", "x" * 129])
def test_a_senseless_idempotency_key_is_refused(api: Api, key: str) -> None:
    """An invalid idempotency key returns 400 before anything is stored."""
    assert api.order(GOOD, Idempotency_Key=key).status_code == 400
    assert api.orders.orders == {}


def test_a_database_that_is_down_is_503_with_retry_after(api: Api) -> None:
    """An unavailable database returns 503 with ``Retry-After``."""
    api.orders.down = True
    answer = api.order(GOOD)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/api/v1/orders/ord_1", f"/api/v1/orders/ord_{'0' * 32}", "/api/v1/nothing"])
def test_what_is_not_there_is_404(api: Api, path: str) -> None:
    """Malformed IDs, unknown IDs and unknown paths return 404 as a problem."""
    answer = api.client.get(path)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_a_method_that_is_not_allowed_names_those_that_are(api: Api) -> None:
    """A method that is not allowed returns 405, and ``Allow`` lists the allowed methods."""
    answer = api.client.delete("/api/v1/orders")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_products_come_in_pages(api: Api) -> None:
    """Following ``next`` returns each product once."""
    first = api.client.get("/api/v1/products?limit=1").get_json()
    second = api.client.get(first["next"]).get_json()
    assert [one["id"] for page in (first, second) for one in page["items"]] == [MUG.id, LAMP.id]
    assert api.client.get(second["next"]).get_json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=many", "after=%24gt", "colour=red", "after[$gt]="])
def test_a_bad_page_is_refused(api: Api, query: str) -> None:
    """An invalid page parameter returns 422 with a list of errors."""
    answer = api.client.get(f"/api/v1/products?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"]


@pytest.mark.parametrize("product_id", ["no-such-thing", "UPPER", "a" * 81, "%00", "..%2f..%2fetc"])
def test_an_unknown_product_is_404(api: Api, product_id: str) -> None:
    """An unknown product ID returns 404, whatever characters it contains."""
    assert api.client.get(f"/api/v1/products/{product_id}").status_code == 404


def test_readiness_lists_every_dependency(api: Api) -> None:
    """Readiness lists each dependency with its state and latency.

    The replica stays ready without Redis, but not without MongoDB.
    """
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")
    assert set(answer.get_json()["dependencies"]) == {"mongo", "catalogue", "redis"}
    assert all(one["latency_seconds"] >= 0 for one in answer.get_json()["dependencies"].values())
    api.down.add("redis")
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")
    api.down.add("mongo")
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "unready")
    assert api.client.get("/healthz").status_code == 200


def test_metrics_are_not_on_the_public_port(api: Api) -> None:
    """The public port does not serve metrics, which have a separate internal port."""
    assert api.client.get("/metrics").status_code == 404


def test_preparation_waits_for_the_database() -> None:
    """The preparation is retried until it succeeds, and readiness fails until then."""
    tries = iter([DatabaseUnavailable("down"), DatabaseUnavailable("down"), 3])

    def prepare() -> int:
        answer = next(tries)
        if isinstance(answer, Exception):
            raise answer
        return answer

    preparation = Preparation(prepare, retry_seconds=0.001)
    with pytest.raises(NotPrepared):
        preparation.check()
    preparation.run()
    preparation.check()
    assert list(tries) == []
