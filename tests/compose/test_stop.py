"""`down` keeps the data, `down --volumes` leaves nothing. Last, as the stack is gone afterwards."""

from __future__ import annotations

from tests.compose.composed import Composed
from tests.waiting import wait_until


def test_data_survives_down_and_up(stack: Composed) -> None:
    """The order, its e-mail, its lines, its trace and the metrics of before."""
    answer = stack.place_order()
    order, request, trace = answer.json()["id"], answer.headers["X-Request-ID"], answer.headers["X-Trace-ID"]
    assert stack.final_order(order)["status"] == "confirmed"
    query = f'{{service_name="api"}} | request_id="{request}"'
    wait_until("the order's lines in Loki", lambda: stack.log_lines(query), 30)
    wait_until("the order's trace in Jaeger", lambda: stack.trace(trace)["spans"], 30)
    samples = 'count_over_time(up{job="api",instance="api-1"}[1h])'
    before = wait_until("samples in Prometheus", lambda: stack.number(samples), 30)

    stack.compose("down", "--timeout", "30")
    assert stack.containers() == []
    stack.up()

    assert stack.api("GET", f"/api/v1/orders/{order}").json()["status"] == "confirmed"
    assert any(order in str(item) for item in stack.get("console", "/api/inbox", kind="email")["items"])
    wait_until("the lines of before in Loki", lambda: stack.log_lines(query), 60)
    wait_until("the trace of before in Jaeger", lambda: stack.trace(trace)["spans"], 60)
    wait_until("the samples of before in Prometheus", lambda: (stack.number(samples) or 0) > before, 60)


def test_down_with_volumes_leaves_nothing(stack: Composed) -> None:
    """No container, no volume, no network of the project."""
    stack.compose("down", "--volumes", "--timeout", "20")
    label = f"label=com.docker.compose.project={stack.project}"
    for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        assert stack.engine.docker(*kind, "--quiet", "--filter", label).split() == [], kind
