"""Run tests of the native stack on the composed one: an order in every signal, counts, bad input, no telemetry."""

from tests.e2e.test_bad_input import *  # noqa: F403
from tests.e2e.test_counts import *  # noqa: F403
from tests.e2e.test_order import *  # noqa: F403
from tests.e2e.test_order import followed as followed
from tests.e2e.test_order import trace as trace
from tests.e2e.test_outages import test_without_any_telemetry_server_the_shop_works as test_without_telemetry

__all__ = ["followed", "test_without_telemetry", "trace"]
