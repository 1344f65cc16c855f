"""Counters match the number of requests and orders exactly."""

from __future__ import annotations

from tests.e2e.conftest import Stack
from tests.waiting import wait_until

COUNT = 'sum(http_server_request_duration_seconds_count{job="api",http_route="%s",http_response_status_code="%s"})'
SENT = {("/api/v1/products/<product_id>", "200"): 60, ("/api/v1/products/<product_id>", "404"): 25}


def test_counters_rise_by_exactly_the_number_of_requests(stack: Stack) -> None:
    """Counters of both replicas rise by the number of requests, and Loki has exactly as many request lines."""
    wait_until("a first scrape of the api", lambda: stack.query('up{job="api"} == 1'), 30)

    def counted(of: tuple[str, str]) -> float:
        return stack.number(COUNT % of) or 0.0

    before = {of: counted(of) for of in SENT}
    good = [stack.api("GET", "/api/v1/products/brass-desk-lamp") for _ in range(60)]
    bad = [stack.api("GET", "/api/v1/products/no-such-lamp") for _ in range(25)]
    assert [answer.status_code for answer in good + bad] == [200] * 60 + [404] * 25
    for of, number in SENT.items():
        wait_until(f"{of} to rise by {number}", lambda of=of, number=number: counted(of) - before[of] >= number, 30)
        assert counted(of) - before[of] == number
    replicas = {row["metric"]["instance"] for row in stack.query('http_server_active_requests{job="api"}')}
    assert replicas == {"api-1", "api-2"}

    ids = {answer.headers["X-Request-ID"] for answer in good + bad}
    assert len(ids) == 85

    def lines() -> set[str]:
        found = stack.log_lines('{service_name="api"} | event="http.request" | http_request_method="GET"')
        return {line["request_id"] for line in found if line["request_id"] in ids}

    wait_until("85 request lines in Loki", lambda: len(lines()) == 85, 30)


def test_orders_are_counted_where_they_end(stack: Stack) -> None:
    """The counts of work horses are scraped from their parent: confirmed orders and payments equal accepted orders."""

    def counted(promql: str) -> float:
        return stack.number(promql) or 0.0

    queries = (
        'sum(shop_orders_total{job="api",outcome="accepted"})',
        'sum(shop_orders_total{job="worker",outcome="confirmed"})',
        'sum(payment_charges_total{outcome="approved"})',
        'sum(rq_job_duration_seconds_count{job="workers.jobs.fulfil_order",outcome="finished"})'
        ' or sum(rq_job_duration_seconds_count{exported_job="workers.jobs.fulfil_order",outcome="finished"})',
    )
    wait_until("a scrape of api, worker and payments", lambda: all(stack.query(query) for query in queries), 30)
    before = [counted(query) for query in queries]
    for order in [stack.place_order().json()["id"] for _ in range(5)]:
        assert stack.final_order(order)["status"] == "confirmed"
    for query, base in zip(queries, before, strict=True):
        wait_until(f"{query} to rise by 5", lambda query=query, base=base: counted(query) - base >= 5, 30)
        assert counted(query) - base == 5
