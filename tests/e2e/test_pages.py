"""The console in a real browser, before the real stack: real data on every page, and a fault found in it.

``PICTURES=docs/images`` (``make screenshots``) keeps the screenshots that the README shows.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests import dashboard_queries as queries
from tests.browser import axe
from tests.e2e.conftest import Stack
from tests.waiting import wait_until

BOARDS = queries.load()
NOTES = queries.notes()
PAGES = (
    *("/", "/dashboards", "/requests", "/requests?kind=slow", "/logs", "/alerts", "/inbox", "/faults", "/api"),
    *("/runbooks", "/runbooks/PaymentLatencyHigh", "/dashboards/glasshouse-overview"),
)
SERVICES = {"api", "worker", "payments"}
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SLOW_SECONDS = 3
PATIENCE = 60_000
"""Milliseconds."""
TALL = 8000
"""Pixels: the page does not query panels outside the viewport, so a test of a whole dashboard needs a tall window."""

Opened = Callable[..., Page]


@dataclass(frozen=True)
class Followed:
    """An order that has been through everything."""

    request_id: str
    trace_id: str
    order_id: str


@pytest.fixture(scope="module")
def shoppers(stack: Stack) -> Iterator[None]:
    """Send four reads per second and an order every six seconds, ignoring the responses."""
    done = threading.Event()

    def shop() -> None:
        number = 0
        while not done.wait(0.25):
            number += 1
            if number % 24:
                stack.api("GET", "/api/v1/products/brass-desk-lamp" if number % 2 else "/api/v1/products")
            else:
                stack.place_order()

    thread = threading.Thread(target=shop, name="shoppers", daemon=True)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.fixture(scope="module")
def order(stack: Stack, shoppers: None) -> Followed:
    """One order among theirs, with its trace in Jaeger."""
    answer = stack.place_order()
    ids = Followed(answer.headers["X-Request-ID"], answer.headers["X-Trace-ID"], answer.json()["id"])
    stack.final_order(ids.order_id)
    wait_until(
        "worker and payments in the trace",
        lambda: {one["serviceName"] for one in stack.trace(ids.trace_id)["processes"].values()} >= SERVICES,
        30,
    )
    return ids


@pytest.fixture
def opened(browser: Browser, stack: Stack) -> Iterator[Opened]:
    """Open a page of the console. The browser must log no error and request no other address."""
    home = stack.url("console")
    wrong: list[str] = []
    contexts = []

    def open_page(path: str, size: ViewportSize = WIDE, theme: Literal["light", "dark"] = "light") -> Page:
        context = browser.new_context(viewport=size, color_scheme=theme, base_url=home, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: wrong.append(f"{path}: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(home) else None)
        if path.startswith("/dashboards/") and size["height"] in (WIDE["height"], PHONE["height"]):
            page.set_viewport_size({"width": size["width"], "height": TALL})
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], None]:
    """Keeps what a page looks like: in the folder PICTURES, else in a temporary folder."""
    folder = Path(os.environ["PICTURES"]).absolute() if os.environ.get("PICTURES") else tmp_path

    def keep(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return keep


def sign_in(page: Page, stack: Stack) -> None:
    page.get_by_role("button", name="Sign in").first.click()
    page.get_by_label("Password").fill((stack.state_dir / "secrets" / "admin_password").read_text().strip())
    page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def switch_on(page: Page, name: str, **parameters: object) -> None:
    card = page.locator(f'article[data-fault="{name}"]')
    card.locator("summary").click()
    for parameter, value in parameters.items():
        card.locator(f'input[name="{parameter}"]').fill(str(value))
    card.get_by_role("button", name="Switch on").click()
    expect(card.locator(".badge").first).to_have_text("on")


def switch_off(page: Page, name: str) -> None:
    card = page.locator(f'article[data-fault="{name}"]')
    card.get_by_role("button", name="Switch off").click()
    expect(card.locator(".badge").first).to_have_text("off")


def span(stack: Stack, placed: requests.Response, name: str) -> dict[str, Any] | None:
    """The span of this name in the trace of a request."""
    spans: list[dict[str, Any]] = stack.trace(placed.headers["X-Trace-ID"])["spans"]
    return next((one for one in spans if one["operationName"] == name), None)


def settled(page: Page) -> None:
    """Wait until nothing is being loaded any more."""
    expect(page.locator('[aria-busy="true"]')).to_have_count(0)
    expect(page.locator('.panel[data-state="waiting"]:visible')).to_have_count(0)


@pytest.mark.parametrize("uid", sorted(set(BOARDS) - {"glasshouse-request"}))
def test_every_panel_draws_real_data(order: Followed, opened: Opened, uid: str) -> None:
    """Every panel draws data of the real servers without errors, except panels that declare when they have data."""
    page = opened(f"/dashboards/{uid}?from=now-15m&to=now&refresh=5s", {"width": 1440, "height": TALL})

    declared = [title for title, note in NOTES.get(uid, {}).items() if "data" in note]
    missing = '.panel:not([data-state="drawn"])' + "".join(f":not([aria-label={json.dumps(one)}])" for one in declared)
    expect(page.locator(missing)).to_have_count(0, timeout=PATIENCE)


def test_one_request_is_followed_by_each_of_its_ids(order: Followed, opened: Opened, picture: Callable) -> None:  # type: ignore[type-arg]
    """The page shows API, queue, worker, payment and database spans, their log lines and the order's states."""
    for identity in (order.order_id, order.request_id, order.trace_id):
        page = opened(f"/requests/{identity}")
        expect(page.locator('#story[data-state="ready"]')).to_be_attached()
        for service in SERVICES:
            expect(page.locator(f'.step.span[data-service="{service}"]').first).to_be_attached()
        expect(page.locator(".step", has_text="orders publish").first).to_be_attached()
        expect(page.locator(".step", has_text="charges").first).to_be_attached()
        expect(page.locator(".step.log").first).to_be_attached()
        expect(page.locator(".states")).to_contain_text("confirmed")
    picture(page, "request")


def test_logs_are_live(stack: Stack, order: Followed, opened: Opened, picture: Callable) -> None:  # type: ignore[type-arg]
    """A line of a request made after the page was opened appears automatically."""
    page = opened("/logs?service=api")
    expect(page.locator("#state")).to_have_text("Live")
    mark = f"live-{order.request_id[-12:]}"
    stack.api("GET", "/api/v1/products", headers={"X-Request-ID": mark})
    line = page.locator(".line", has_text="GET /api/v1/products").first
    expect(line).to_be_visible()
    page.locator("#id").fill(mark)
    expect(page.locator(".line").first).to_be_visible()
    picture(page, "logs")


def test_no_change_without_signing_in(stack: Stack, order: Followed, opened: Opened) -> None:
    """The page shows no switch, and the server refuses the request."""
    page = opened("/faults")
    expect(page.locator("[data-fault]").first).to_be_visible()
    assert page.get_by_role("button", name="Switch on").count() == 0
    answer = requests.put(f"{stack.url('console')}/api/faults/api-errors", json={"percent": 100}, timeout=10)
    assert answer.status_code == 401


def test_markup_in_a_log_line_is_shown_not_run(stack: Stack, order: Followed, opened: Opened) -> None:
    """Markup that a caller puts into a log line is shown as text."""
    evil = "<script>document.title='run'</script>"
    mark = f"evil-{order.request_id[-12:]}"
    stack.api("GET", f"/api/v1/products/{evil}", headers={"X-Request-ID": mark})
    line = wait_until("the line", lambda: stack.log_lines(f'{{service_name="nginx"}} | request_id="{mark}"'), 60)
    assert "script" in str(line)
    page = opened(f"/requests/{mark}")
    expect(page.locator('#story[data-state="ready"]')).to_be_attached()
    assert page.title() != "run"
    assert page.locator("main script").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_no_grave_accessibility_fault(order: Followed, opened: Opened, path: str, theme: str) -> None:
    """axe-core finds no serious accessibility problem on the page, in both themes."""
    page = opened(path, theme=theme)
    settled(page)
    assert axe.grave_faults(page) == []


def test_followed_request_has_no_grave_accessibility_fault(order: Followed, opened: Opened) -> None:
    """axe-core finds no serious accessibility problem on the page of a request."""
    page = opened(f"/requests/{order.order_id}")
    expect(page.locator('#story[data-state="ready"]')).to_be_attached()
    assert axe.grave_faults(page) == []


@pytest.mark.parametrize("path", [*PAGES, "/requests/ORDER"])
def test_page_fits_a_phone(order: Followed, opened: Opened, picture: Callable, path: str) -> None:  # type: ignore[type-arg]
    """The page is not wider than the screen of a phone."""
    page = opened(path.replace("ORDER", order.order_id), PHONE, "dark")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if path == "/":
        picture(page, "phone")


def test_pages_are_reached_by_keyboard(order: Followed, opened: Opened) -> None:
    """`g` and a letter opens a page; `/` focuses the search field."""
    page = opened("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    # Its heading is there before its scripts, which hear the keys.
    page.wait_for_url("**/alerts", wait_until="load")
    expect(page.locator("h1")).to_have_text("Alerts")
    page.keyboard.press("/")
    page.keyboard.type(order.order_id)
    page.keyboard.press("Enter")
    expect(page.locator('#story[data-state="ready"]')).to_be_attached()


def test_every_link_leads_somewhere(stack: Stack, order: Followed, opened: Opened) -> None:
    """Of the pages and of the followed request: the console's own, and those to the servers that run here."""
    found: dict[str, str] = {}
    for path in (*PAGES, f"/requests/{order.order_id}", *(f"/dashboards/{uid}" for uid in BOARDS)):
        page = opened(path)
        settled(page)
        for link in page.locator("a[href]").evaluate_all("all => all.map(one => one.href)"):
            found.setdefault(link.partition("#")[0], path)
    broken = {}
    for link, path in found.items():
        answer = requests.get(link, timeout=20, stream=True)
        answer.close()
        if answer.status_code >= 400:
            broken[link] = f"{answer.status_code} on {path}"
    assert not broken


def test_overview_shows_the_shop(stack: Stack, order: Followed, opened: Opened, picture: Callable) -> None:  # type: ignore[type-arg]
    """The overview shows rate and latency, services with their calls, and every objective with its remaining budget."""
    page = opened("/")
    for name in ("clients", "api", "orders queue", "worker", "payments", "MongoDB", "Redis", "mail"):
        expect(page.locator("#map .node", has_text=name).first).to_be_visible()
    expect(page.locator("#red .tile .value").first).not_to_have_text("–")
    objectives = {row["metric"]["slo"] for row in stack.query("slo:objective:ratio")}
    assert len(objectives) >= 7
    expect(page.locator("#slos .tile")).to_have_count(len(objectives))
    settled(page)
    picture(page, "overview")


def test_fault_switched_on_in_the_page_leads_to_an_alert_in_the_page(
    stack: Stack,
    order: Followed,
    opened: Opened,
    picture: Callable,  # type: ignore[type-arg]
) -> None:
    """The alert is shown with its impact and runbook page, and its notification arrives in the inbox."""
    # The one before would hold it back, until three minutes after its end; one of a budget alone would not.
    wait_until("no incident to be open", lambda: not stack.query('ALERTS{alertname="IncidentOpen", tier=""}'), 300)
    page = opened("/faults")
    sign_in(page, stack)
    switch_on(page, "api-errors", percent=60, seconds=240)
    try:
        alerts = opened("/alerts")
        card = alerts.locator('[data-alert="ApiErrorRatioHigh"]')
        expect(card).to_be_visible(timeout=180_000)
        expect(card).to_contain_text("Impact")
        picture(alerts, "alerts")
        card.get_by_role("link", name="Runbook").click()
        expect(alerts.locator("main h2", has_text="Causes")).to_be_visible()
        inbox = opened("/inbox")
        expect(inbox.locator("#inbox .item.firing", has_text="ApiErrorRatioHigh").first).to_be_visible(timeout=PATIENCE)
        picture(inbox, "inbox")
        board = opened("/dashboards/glasshouse-api?from=now-15m&to=now", {"width": 1440, "height": 1000})
        expect(board.locator('.panel[data-state="drawn"]').nth(4)).to_be_visible()
        picture(board, "dashboard")
    finally:
        switch_off(page, "api-errors")


def test_missing_index_is_found_in_the_page_alone(
    stack: Stack,
    order: Followed,
    opened: Opened,
    picture: Callable,  # type: ignore[type-arg]
) -> None:
    """Why do orders take so long? The first finding of a slow order names the query that scans a whole collection."""
    page = opened("/faults")
    sign_in(page, stack)
    switch_on(page, "payment-slow", milliseconds=SLOW_SECONDS * 1000, seconds=300)
    picture(page, "faults")

    def slow_order() -> str | None:
        placed = stack.place_order()
        stack.final_order(placed.json()["id"], 120)
        check = wait_until("the payment service's span", lambda: span(stack, placed, "check repeats"), 20)
        slow = check["duration"] > SLOW_SECONDS * 1e6 / 2
        return str(placed.json()["id"]) if slow else None

    try:
        slow = wait_until("an order that is slow without an index", slow_order, 180)
        story = opened(f"/requests/{slow}")
        first = story.locator(".finding").first
        expect(first).to_contain_text("charges")
        expect(first).to_contain_text("index")
        expect(story.locator(".step", has_text="no index").first).to_be_attached()
        expect(story.locator('.step.span[data-service="payments"]').first).to_be_attached()
        picture(story, "slow-order")
    finally:
        switch_off(page, "payment-slow")
