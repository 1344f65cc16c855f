"""The tests of the native stack, on the composed one: an order through every signal, counts, bad input, outages."""

from tests.e2e.test_bad_input import *  # noqa: F403
from tests.e2e.test_counts import *  # noqa: F403
from tests.e2e.test_order import *  # noqa: F403
from tests.e2e.test_order import followed as followed
from tests.e2e.test_order import trace as trace
from tests.e2e.test_outages import test_a_broken_api_is_told_by_webhook_and_by_mail as test_a_broken_api
from tests.e2e.test_outages import test_without_any_telemetry_server_the_shop_works as test_without_telemetry

__all__ = ["followed", "test_a_broken_api", "test_without_telemetry", "trace"]
