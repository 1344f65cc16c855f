"""Lists, streams, admin routes, caching headers and the OpenAPI document."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from app import schemas
from app.openapi import describe
from app.progress import Progress, TooManyStreams
from shop.domain.account import Role
from shop.domain.order import OrderStatus
from tests.unit.app.conftest import Api
from tests.unit.shop.fakes import LAMP, START, FakeCatalogue, FakeOrders

GOOD = {"items": [{"product_id": LAMP.id, "quantity": 1}]}


def test_my_orders_come_in_pages_newest_first(api: Api) -> None:
    """Following ``next`` returns each order of the customer once, newest first, and no other customer's."""
    token = api.log_in()["access_token"]
    mine = [api.client.post("/api/v1/orders", json=GOOD, headers=api.as_(token)).get_json()["id"] for _ in range(5)]
    api.order(GOOD)
    seen, path = [], "/api/v1/orders?limit=2"
    while path:
        page = api.client.get(path, headers=api.as_(token)).get_json()
        schemas.OrderPage.model_validate(page)
        seen += [order["id"] for order in page["items"]]
        path = page["next"]
    assert seen == sorted(mine, reverse=True)


def test_orders_are_filtered_by_state_and_time(api: Api) -> None:
    """An admin can filter the orders of all customers by state and time."""
    admin = api.as_(api.log_in("root@example.com", Role.ADMIN)["access_token"])
    first, second = (api.order(GOOD).get_json()["id"] for _ in range(2))
    order = api.orders.get(first)
    api.orders.fail(order, "test", order.created_at)

    def found(query: str) -> set[str]:
        answer = api.client.get(f"/api/v1/orders?{query}", headers=admin)
        assert answer.status_code == 200, answer.text
        return {one["id"] for one in answer.get_json()["items"]}

    assert found("status=failed") == {first}
    assert found("status=pending") == {second}
    assert found(f"created_from={START.isoformat().replace('+', '%2B')}") == {first, second}
    assert found("created_before=2020-01-01T00:00:00Z") == set()


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "after=x", "created_from=yesterday", "colour=red"])
def test_a_bad_filter_is_refused(api: Api, query: str) -> None:
    """An invalid filter returns 422."""
    token = api.log_in()["access_token"]
    assert api.client.get(f"/api/v1/orders?{query}", headers=api.as_(token)).status_code == 422


def test_progress_is_streamed_until_the_end(api: Api) -> None:
    """Each state is sent once with a number, so that a client can resume after a lost connection."""
    path = api.order(GOOD).headers["Location"]
    order = api.orders.get(path.rsplit("/", 1)[-1])
    api.orders.fail(order, "test", order.created_at)
    answer = api.client.get(f"{path}/events")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    events = [block.split("\n") for block in answer.text.strip().split("\n\n")[1:]]
    assert [event[:2] for event in events] == [["id: 0", "event: pending"], ["id: 1", "event: failed"]]
    assert json.loads(events[1][2].removeprefix("data: "))["status"] == "failed"
    rest = api.client.get(f"{path}/events", headers={"Last-Event-ID": "0"}).text
    assert "event: pending" not in rest
    assert "event: failed" in rest


def test_streams_leave_threads_for_others(api: Api) -> None:
    """A stream beyond the limit returns 503, and a closed stream makes room for the next."""
    orders = FakeOrders(FakeCatalogue())
    registry = CollectorRegistry()
    progress = Progress(orders, 1, registry)
    api.order(GOOD)
    order = next(iter(api.orders.orders.values()))
    first = progress.stream(order, None)
    assert registry.get_sample_value("shop_order_streams") == 1
    with pytest.raises(TooManyStreams):
        progress.stream(order, None)
    first.close()
    progress.stream(order, "not a number").close()
    assert registry.get_sample_value("shop_order_streams") == 0


def test_a_stream_ends_by_itself(api: Api) -> None:
    """The stream of an order that never finishes ends after a time limit and frees its thread."""
    api.order(GOOD)
    order = next(iter(api.orders.orders.values()))
    times = iter([0.0, 0.0, 0.0, 0.0, 31.0, 31.0, 31.0])
    progress = Progress(api.orders, 1, CollectorRegistry(), clock=lambda: next(times))
    assert b"event: pending" in b"".join(progress.stream(order, None).response)  # type: ignore[arg-type]


def test_an_admin_changes_prices_and_stock_and_adds_products(api: Api) -> None:
    """Prices, stock and products that an admin changes or adds are visible to customers."""
    admin = api.as_(api.log_in("root@example.com", Role.ADMIN)["access_token"])
    price = api.client.put(f"/api/v1/admin/products/{LAMP.id}/price", json={"price_cents": 1}, headers=admin)
    stock = api.client.put(f"/api/v1/admin/products/{LAMP.id}/stock", json={"stock": 7}, headers=admin)
    assert (price.status_code, stock.status_code) == (200, 200)
    shown = api.client.get(f"/api/v1/products/{LAMP.id}").get_json()
    assert (shown["price_cents"], shown["stock"]) == (1, 7)
    new = {"id": "new-thing", "name": "New Thing", "category": "toys", "price_cents": 100, "stock": 1}
    added = api.client.post("/api/v1/admin/products", json=new, headers=admin)
    assert added.status_code == 201
    assert api.client.get(added.headers["Location"]).get_json()["name"] == "New Thing"
    assert api.client.post("/api/v1/admin/products", json=new, headers=admin).status_code == 409


@pytest.mark.parametrize(
    "body", [{"price_cents": -1}, {"price_cents": "1"}, {"price_cents": {"$inc": 1}}, {}, {"x": 1}]
)
def test_a_bad_price_is_refused(api: Api, body: object) -> None:
    """An invalid price returns 422 and leaves the price unchanged."""
    admin = api.as_(api.log_in("root@example.com", Role.ADMIN)["access_token"])
    answer = api.client.put(f"/api/v1/admin/products/{LAMP.id}/price", json=body, headers=admin)
    assert answer.status_code == 422
    assert api.client.get(f"/api/v1/products/{LAMP.id}").get_json()["price_cents"] == LAMP.price_cents


def test_dead_letters_are_listed_and_retried(api: Api) -> None:
    """Dead letters are listed with their reason, and an order that is retried leaves the list."""
    admin = api.as_(api.log_in("root@example.com", Role.ADMIN)["access_token"])
    order_id = api.order(GOOD).get_json()["id"]
    api.orders.bury(api.orders.get(order_id), "a defect", START + timedelta(hours=1))
    (letter,) = api.client.get("/api/v1/admin/dead-letters", headers=admin).get_json()["items"]
    assert (letter["id"], letter["dead_letter"]["reason"]) == (order_id, "a defect")
    retried = api.client.post(f"/api/v1/admin/dead-letters/{order_id}/retry", headers=admin)
    assert retried.status_code == 202
    assert api.client.get("/api/v1/admin/dead-letters", headers=admin).get_json()["items"] == []
    assert api.client.post(f"/api/v1/admin/dead-letters/{order_id}/retry", headers=admin).status_code == 404
    assert api.queue.enqueued[-1] == order_id


def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    """A request with a current ETag returns 304.

    Catalogue responses have a ``max-age``, and orders are never cached.
    """
    for path in (f"/api/v1/products/{LAMP.id}", "/api/v1/products", "/api/v1/home"):
        first = api.client.get(path)
        assert "max-age=" in first.headers["Cache-Control"]
        revalidated = api.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (revalidated.status_code, revalidated.data) == (304, b"")
    assert api.order(GOOD).headers["Cache-Control"] == "no-store"


def test_security_headers_are_on_every_answer(api: Api) -> None:
    """All responses have security headers, errors included, and CORS is off by default."""
    for path in ("/api/v1/products", "/nothing", "/healthz"):
        answer = api.client.get(path, headers={"Origin": "https://evil.example"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_search_finds_products(api: Api) -> None:
    """Search finds products by a word, and a missing or malformed query returns 422."""
    assert [one["id"] for one in api.client.get("/api/v1/products/search?q=brass").get_json()["items"]] == [LAMP.id]
    assert api.client.get("/api/v1/products/search").status_code == 422
    assert api.client.get("/api/v1/products/search?q[$ne]=1").status_code == 422


def test_the_document_describes_every_route(api: Api) -> None:
    """The OpenAPI 3.1 document describes every route of the API and the form of the responses."""
    document = api.client.get("/api/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    app = api.client.application
    routes = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1")}
    assert len(document["paths"]) == len(routes) + 2
    assert document == json.loads(json.dumps(describe(app)))
    assert OrderStatus.CANCELLED in document["components"]["schemas"]["OrderStatus"]["enum"]
    schemas.OrderAnswer.model_validate(api.order(GOOD).get_json())
    schemas.ProductPage.model_validate(api.client.get("/api/v1/products").get_json())
    schemas.HomeAnswer.model_validate(api.client.get("/api/v1/home").get_json())
    schemas.Readiness.model_validate(api.client.get("/readyz").get_json())


def test_the_page_to_try_it_loads_nothing_from_elsewhere(api: Api) -> None:
    """The documentation page loads its script and style from the API, and its policy forbids other sources."""
    page = api.client.get("/api/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    for file in ("docs.js", "docs.css"):
        with api.client.get(f"/api/static/{file}") as answer:
            assert answer.status_code == 200
