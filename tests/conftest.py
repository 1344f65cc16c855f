"""Fixtures and hooks that tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from stack import programs
from tests.order import place

# Test modules import their tests; assertion rewriting gives their failures readable diffs.
pytest.register_assert_rewrite("tests.logql.conformance", "tests.contracts")

# No sandbox: tests may run as root, in a container. The other options prevent requests to other hosts.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests: unit tests first, and outages last within the end-to-end tests; see ``tests.order``."""
    items.sort(key=lambda item: place(item.nodeid))


# Per module, not per run: while Playwright is open, this thread has a running event loop, and tests could not start
# their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium browser. Expectations about a page have a timeout of half a minute, for busy machines."""
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(programs.find("chromium")), args=ARGUMENTS)
        yield browser
        browser.close()
