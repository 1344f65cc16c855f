"""The console's pages in a real browser, with upstream servers whose responses a test can set."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from prometheus_client import CollectorRegistry
from werkzeug.serving import make_server

from console.app import create_app, received_counter
from console.config.settings import Settings
from console.inbox.store import Inbox
from console.times import now
from tests.integration.console.upstream import Upstream


@pytest.fixture
def upstream() -> Upstream:
    """Prometheus, Loki, Jaeger, Alertmanager and the shop in one server; a test may change its responses."""
    return Upstream()


@pytest.fixture
def console_url(tmp_path: Path, upstream: Upstream) -> Iterator[str]:
    """A console that listens on a free port and shows the repository's dashboards."""
    inbox = Inbox(tmp_path / "inbox.sqlite3", 10, now)
    settings = Settings.from_env({"CONSOLE_STATE_DIR": str(tmp_path)})
    app = create_app(settings, inbox, received_counter(CollectorRegistry()), lambda: True, transport=upstream)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="console", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
    inbox.close()


@pytest.fixture
def opened(browser: Browser, console_url: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the console; fail if the browser's console contains an error afterwards."""
    context = browser.new_context(viewport={"width": 1400, "height": 5000})
    wrong: list[str] = []

    def open_page(path: str, **size: int) -> Page:
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        if size:
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.goto(console_url + path)
        return page

    yield open_page
    context.close()
    assert wrong == []


def evaluate_module(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    """Return the value of an expression in which ``m`` is a module of the page's scripts and ``a`` the argument."""
    return page.evaluate(
        f"async (a) => {{ const m = await import('/static/js/{module}'); return {expression}; }}", argument
    )
