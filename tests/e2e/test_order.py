"""Follow one order through every signal with the APIs of the servers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import EVERYTHING, Stack
from tests.waiting import wait_until

SERVICES = {"api", "worker", "payments"}
LAST_TO_ARRIVE = {"POST /api/v1/orders", "orders publish", "orders process", "POST /v1/charges", "smtp send"}


class Followed:
    """A confirmed order and its ids."""

    def __init__(self, stack: Stack, request_id: str) -> None:
        answer = stack.place_order(X_Request_ID=request_id)
        assert answer.status_code == 202, answer.text
        self.request_id = request_id
        self.headers = answer.headers
        self.placed: dict[str, Any] = answer.json()
        self.id = str(self.placed["id"])
        self.order = stack.final_order(self.id)


@pytest.fixture(scope="module")
def followed(stack: Stack) -> Followed:
    return Followed(stack, "e2e-order-followed-0001")


@pytest.fixture(scope="module")
def trace(stack: Stack, followed: Followed) -> dict[str, Any]:
    """The complete trace of the order."""

    def complete() -> dict[str, Any] | None:
        trace = stack.trace(followed.headers["X-Trace-ID"])
        services = {process["serviceName"] for process in trace["processes"].values()}
        names = {span["operationName"] for span in trace["spans"]}
        # Each process sends its spans once a second, so a parent may arrive after its children.
        return trace if services >= SERVICES and names >= LAST_TO_ARRIVE else None

    return wait_until("the spans of api, worker and payments in Jaeger", complete, 30)


def parent_of(span: dict[str, Any]) -> str | None:
    return next((one["spanID"] for one in span["references"] if one["refType"] == "CHILD_OF"), None)


def test_everything_is_up(stack: Stack) -> None:
    """Every component runs. One that another test has just killed is restarted soon."""
    wanted = EVERYTHING.difference(Stack.log_store).union(stack.log_store)

    def running() -> bool:
        return {name for name, row in stack.status().items() if row["state"] == "running"} >= wanted

    wait_until("every component to run", running, 30)


def test_the_order_is_accepted_and_confirmed(followed: Followed) -> None:
    """The order is accepted with 202, its URL and its ids, then passes through all its states in order."""
    assert followed.headers["Location"] == f"/api/v1/orders/{followed.id}"
    assert followed.headers["X-Request-ID"] == followed.request_id
    assert followed.placed["status"] == "pending"
    states = [step["status"] for step in followed.order["history"]]
    assert states == ["pending", "reserved", "paid", "confirmed"]
    assert followed.order["trace_id"] == followed.headers["X-Trace-ID"]


def test_its_lines_are_found_by_its_request_id(stack: Stack, followed: Followed) -> None:
    """Loki has the order's lines of API, worker and payment service with the trace id, and the worker's job id."""

    def complete() -> list[dict[str, str]] | None:
        lines = stack.log_lines(f'{{service_name=~".+"}} | request_id="{followed.request_id}"')
        seen = {(line["service_name"], line.get("event", "")) for line in lines}
        wanted = {("api", "http.request"), ("worker", "rq.job"), ("payments", "http.request")}
        return lines if seen >= wanted else None

    lines = wait_until("the lines of api, worker and payments in Loki", complete, 30)
    # The line of a later GET of the order belongs to another request.
    assert {line["trace_id"] for line in lines if line["service_name"] in SERVICES} == {followed.headers["X-Trace-ID"]}
    assert {line.get("job_id") for line in lines if line["service_name"] == "worker"} == {f"order-{followed.id}"}
    events = [line.get("event") for line in lines if line["service_name"] == "api"]
    assert events.count("http.request") == 1


def test_its_trace_is_one_tree_over_all_services(trace: dict[str, Any]) -> None:
    """The trace has one root, and each hop is a child of its cause: API → queue → worker → payments → databases."""
    spans = {span["spanID"]: span for span in trace["spans"]}
    service = {span["spanID"]: trace["processes"][span["processID"]]["serviceName"] for span in trace["spans"]}

    def the(name: str, of: str) -> dict[str, Any]:
        (found,) = [span for span in spans.values() if span["operationName"] == name and service[span["spanID"]] == of]
        return found

    roots = [span for span in spans.values() if parent_of(span) is None]
    assert [root["operationName"] for root in roots] == ["POST /api/v1/orders"]
    published, processed = the("orders publish", "api"), the("orders process", "worker")
    called, charged = the("POST", "worker"), the("POST /v1/charges", "payments")
    assert parent_of(published) == roots[0]["spanID"]
    assert parent_of(processed) == published["spanID"]
    assert parent_of(called) == processed["spanID"]
    assert parent_of(charged) == called["spanID"]
    for name, parent, of in (
        ("shop.insert", roots[0], "api"),
        ("shop.findAndModify", processed, "worker"),
        ("payments.insert", charged, "payments"),
    ):
        commands = [s for s in spans.values() if s["operationName"] == name and service[s["spanID"]] == of]
        assert commands, f"no {name} in {sorted(s['operationName'] for s in spans.values())}"
        assert {parent_of(command) for command in commands} == {parent["spanID"]}


def test_its_spans_hold_nothing_private(trace: dict[str, Any]) -> None:
    """No attribute contains a statement, body, e-mail address or idempotency key."""
    text = str(trace)
    for private in ("glasshouse.example", "Idempotency", "quantity", "amount_cents"):
        assert private not in text, private


def test_its_spans_follow_the_stable_conventions(stack: Stack, trace: dict[str, Any]) -> None:
    """Spans have the HTTP attributes of OpenTelemetry's stable semantic conventions and their resource."""
    root = next(span for span in trace["spans"] if span["operationName"] == "POST /api/v1/orders")
    tags = {tag["key"]: tag["value"] for tag in root["tags"]}
    assert tags["http.request.method"] == "POST"
    assert tags["http.route"] == "/api/v1/orders"
    assert int(tags["http.response.status_code"]) == 202
    resource = {tag["key"]: tag["value"] for tag in trace["processes"][root["processID"]]["tags"]}
    assert resource["service.instance.id"] in ("api-1", "api-2")
    assert resource["deployment.environment.name"] == stack.environment


def test_an_exemplar_leads_to_a_trace(stack: Stack, followed: Followed) -> None:
    """Prometheus has an exemplar for the route, and Jaeger has its trace."""

    def newest() -> str | None:
        query = 'http_server_request_duration_seconds_bucket{job="api",http_route="/api/v1/orders"}'
        series = stack.get("prometheus", "/api/v1/query_exemplars", query=query, start=0, end=4_000_000_000)["data"]
        found = [exemplar for one in series for exemplar in one["exemplars"]]
        # Use the newest, because an older one may be from a replica that was killed before it sent its spans.
        return str(max(found, key=lambda one: one["timestamp"])["labels"]["trace_id"]) if found else None

    trace_id = wait_until("an exemplar of POST /api/v1/orders in Prometheus", newest, 30)
    assert wait_until("its trace in Jaeger", lambda: stack.trace(trace_id), 30)["traceID"] == trace_id


def test_span_metrics_and_the_service_graph_are_scraped(stack: Stack, trace: dict[str, Any]) -> None:
    """The Collector's connectors export the calls of each service and the edges between services."""
    wait_until(
        "span metrics of the api in Prometheus",
        lambda: stack.number('sum({__name__=~"traces_span_metrics_calls(_total)?",service_name="api"})'),
        40,
    )
    wait_until(
        "the edge worker → payments in the service graph",
        lambda: stack.number('sum(traces_service_graph_request_total{client="worker",server="payments"})'),
        60,
    )


def test_the_customer_is_written_to(stack: Stack, followed: Followed) -> None:
    """The customer gets one e-mail in the console's inbox."""

    def mails() -> list[dict[str, Any]]:
        items = stack.get("console", "/api/inbox", kind="email")["items"]
        return [item for item in items if followed.id in str(item)]

    assert len(wait_until("the order's mail in the inbox", mails, 20)) == 1


def test_the_story_of_an_order_is_printed(stack: Stack, followed: Followed, trace: dict[str, Any]) -> None:
    """``make follow`` prints the order's states, spans and lines from the real servers."""
    followed_order = stack.launcher("exec", "console.follow", "--order", followed.id, seconds=60)
    assert followed_order.returncode == 0, followed_order.stdout + followed_order.stderr
    for part in (followed.id, followed.headers["X-Trace-ID"], "POST /v1/charges", "charge approved", "confirmed"):
        assert part in followed_order.stdout, f"{part} is not in:\n{followed_order.stdout}"
    assert "\x1b" not in followed_order.stdout
