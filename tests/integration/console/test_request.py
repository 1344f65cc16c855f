"""The view of one request in a real browser: the cause of its duration is the first text on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.integration.console.upstream import EVIL, TRACE, Upstream

Opened = Callable[..., Page]
JAEGER = 16686


@pytest.fixture
def scanned(upstream: Upstream) -> Upstream:
    """Return the recorded trace, in which the charge's insert took five seconds without an index."""
    spans = upstream.trace["data"][0]["spans"]
    processes = upstream.trace["data"][0]["processes"]
    charge = next(
        span
        for span in spans
        if processes[span["processID"]]["serviceName"] == "payments" and span["operationName"].startswith("payments.")
    )
    charge["tags"] += [
        {"key": "mongodb.plan", "value": "COLLSCAN"},
        {"key": "mongodb.docs_examined", "value": 1_200_000},
        {"key": "note", "value": EVIL},
    ]
    _lengthen(spans, charge, 5_000_000)
    return upstream


def _lengthen(spans: list[dict[str, Any]], span: dict[str, Any], by_us: int) -> None:
    """Lengthen a span and all spans that contain it; spans that began after its end are delayed."""
    by_id = {one["spanID"]: one for one in spans}
    end = span["startTime"] + span["duration"]
    for other in spans:
        if other["startTime"] >= end:
            other["startTime"] += by_us
    while span is not None:
        span["duration"] += by_us
        parent = next((one["spanID"] for one in span.get("references") or ()), "")
        span = by_id.get(parent)  # type: ignore[assignment]


def followed(page: Page) -> Page:
    """Return the page once it shows the request."""
    expect(page.locator('#story[data-state="ready"]')).to_be_attached()
    return page


def test_the_missing_index_is_the_first_sentence(opened: Opened, scanned: Upstream) -> None:
    """The first sentence names the duration, the service, the step and the collection scan, without any click."""
    page = followed(opened(f"/requests/{TRACE}", width=1400, height=900))
    first = page.locator(".finding").first
    expect(first.locator("h2")).to_contain_text("payments · payments.")
    expect(first.locator("h2")).to_contain_text("scans the whole collection charges")
    expect(first).to_contain_text("COLLSCAN without an index, 1.2 million documents examined")
    expect(first).to_be_in_viewport()
    expect(page.locator(".step.explained .badge", has_text="no index")).to_have_count(1)


def test_the_span_is_shown_with_its_attributes(opened: Opened, scanned: Upstream) -> None:
    """A button that the keyboard reaches shows the span's attributes; markup in an attribute is shown as text."""
    page = followed(opened(f"/requests/{TRACE}"))
    page.locator(".finding button").first.press("Enter")
    open_row = page.locator(".step.explained button")
    expect(open_row).to_be_focused()
    expect(open_row).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".step.explained .pairs")).to_contain_text("mongodb.plan")
    expect(page.locator(".step.explained .pairs")).to_contain_text(EVIL)
    assert page.locator("main img, main script").count() == 0


def test_the_waterfall_spans_all_services_and_has_their_lines(opened: Opened, scanned: Upstream) -> None:
    """API, worker and payments have aligned log lines; the critical path is marked; rows can be hidden."""
    page = followed(opened(f"/requests/{TRACE}"))
    services = page.locator(".step.span").evaluate_all("all => [...new Set(all.map(one => one.dataset.service))]")
    assert {"api", "worker", "payments"} <= set(services)
    expect(page.locator(".step.log").first).to_contain_text(EVIL)
    assert page.locator(".critical").count() > 0
    before = page.locator(".step:visible").count()
    page.get_by_label("Critical path only").check()
    assert 0 < page.locator(".step:visible").count() < before


def test_without_jaeger_the_lines_are_shown(opened: Opened, upstream: Upstream) -> None:
    """Without Jaeger, the log lines are shown, and the missing server is named."""
    upstream.down.add(JAEGER)
    page = followed(opened(f"/requests/{TRACE}"))
    expect(page.locator(".note").first).to_contain_text("Jaeger does not respond")
    expect(page.locator("#story")).to_contain_text(EVIL)


def test_a_phone_shows_it_too(opened: Opened, scanned: Upstream) -> None:
    """On a phone the finding fits, and nothing is wider than the screen."""
    page = followed(opened(f"/requests/{TRACE}", width=390, height=844))
    expect(page.locator(".finding h2").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
