"""The pytest plugin: the fixture ``telemetry_capture``, and tests that leave nothing to the next one.

pytest loads it in every test run where the library is installed. It imports nothing of the library until a test uses
it, and does nothing for tests of code without it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from glasshouse_observability.testing.capturing import Capture


@pytest.fixture
def telemetry_capture() -> Iterator[Capture]:
    """The log lines, spans and metrics of the test, from every ``Telemetry`` of the process."""
    from glasshouse_observability.testing.capturing import capture

    with capture() as captured:
        yield captured


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Restore the context of the current request after each test: an unclosed response leaves its ids there."""
    # Without this module, no request or job of the library has set anything.
    if "glasshouse_observability.telemetry" not in sys.modules:
        yield
        return
    from glasshouse_observability.testing.state import restored_context

    with restored_context():
        yield
