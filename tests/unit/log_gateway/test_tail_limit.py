"""The limit of open live tails."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from werkzeug.test import Client

from log_gateway.api.asking import Asking
from log_gateway.api.tail import PATH, TailEndpoint
from log_gateway.metrics import GatewayMetrics
from log_gateway.settings import Limits
from log_gateway.store.client import StoreClient


def test_no_tail_is_served_with_a_limit_of_zero() -> None:
    """``LOG_GATEWAY_TAILS=0`` refuses even the first tail, before the request becomes a WebSocket."""
    asking = Asking(StoreClient("http://127.0.0.1:1"), Limits(tails=0), GatewayMetrics(CollectorRegistry()))
    answer = Client(TailEndpoint(asking)).get(PATH, query_string={"query": '{service_name="api"}'})
    assert (answer.status_code, "too many tails" in answer.text) == (429, True)
