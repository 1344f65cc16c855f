"""Grafana's dashboards in the console, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import dashboard_queries as queries
from tests.integration.console.conftest import evaluate_module
from tests.integration.console.upstream import EVIL, TRACE, Upstream

Opened = Callable[..., Page]
BOARDS = queries.load()
SPAN = queries.Span(1790000000.0, 1790001800.0, 15)
CHOICES = (["a.b", "c|d$", "x\\y"], ["<path:filename>/(x)"], 'we"ird\\')
LOKI = 3100


def drawn(page: Page) -> Page:
    """Return the page once no panel is loading."""
    expect(page.locator('#board[data-state="ready"]')).to_be_attached()
    expect(page.locator('.panel[data-state="waiting"]')).to_have_count(0, timeout=30_000)
    return page


@pytest.mark.parametrize("uid", sorted(BOARDS))
def test_every_panel_of_every_dashboard_draws(opened: Opened, uid: str) -> None:
    """Every panel of the dashboards that Grafana loads is drawn without errors and is not empty."""
    page = drawn(opened(f"/d/{uid}?var-trace_id={TRACE}"))
    expect(page.locator("h1")).to_have_text(BOARDS[uid]["title"])
    states = page.locator(".panel").evaluate_all(
        "all => all.map(one => [one.getAttribute('aria-label'), one.dataset.state])"
    )
    assert len(states) == len(list(queries.panels(BOARDS[uid])))
    assert [name for name, state in states if state != "drawn"] == []


def test_one_batch_asks_for_all_panels_in_sight(opened: Opened) -> None:
    """All visible panels are queried in one batch, and the variables in another."""
    page = opened("/d/glasshouse-api?refresh=")
    drawn(page)
    asked = page.evaluate("performance.getEntriesByType('resource').filter(e => e.name.endsWith('/api/query')).length")
    assert asked == 2


def test_what_is_out_of_sight_is_not_asked_for(opened: Opened, upstream: Upstream) -> None:
    """A panel is not queried until it is scrolled into view."""
    page = opened("/d/glasshouse-api?refresh=", width=1400, height=500)
    expect(page.locator('.panel[data-state="drawn"]').first).to_be_attached()
    last = page.locator(".panel").last
    expect(last).to_have_attribute("data-state", "waiting")
    last.scroll_into_view_if_needed()
    expect(last).to_have_attribute("data-state", "drawn")


def test_text_of_logs_and_labels_is_shown_not_run(opened: Opened) -> None:
    """Markup in a message, a label or a variable's value is shown as text and not executed."""
    page = drawn(opened("/d/glasshouse-api"))
    expect(page.locator(".log-lines .message").first).to_have_text(EVIL)
    assert page.locator("main img, main script").count() == 0


def test_a_server_that_is_down_costs_its_panels_only(opened: Opened, upstream: Upstream) -> None:
    """If a server is down, its panels name it and all other panels are drawn."""
    upstream.down.add(LOKI)
    page = drawn(opened("/d/glasshouse-api"))
    expect(page.locator(".panel.logs .said").first).to_contain_text("Log store does not respond")
    expect(page.locator(".panel.timeseries").first).to_have_attribute("data-state", "drawn")


def test_choices_are_kept_in_the_address(opened: Opened, upstream: Upstream) -> None:
    """Choices are kept in the URL as Grafana spells them; links and queries contain them."""
    page = drawn(opened("/d/glasshouse-api?from=now-1h&to=now&refresh="))
    page.locator('details[data-name="route"] summary').click()
    page.get_by_label("api", exact=True).first.check()
    page.get_by_label("Time range").select_option("3h")
    drawn(page)
    given = parse_qs(urlsplit(page.url).query)
    assert (given["var-route"], given["from"], given["to"]) == (["api"], ["now-3h"], ["now"])
    link = urlsplit(page.locator("#board-links a").first.get_attribute("href") or "")
    assert link.path == "/d/glasshouse-overview"
    assert parse_qs(link.query) == {name: given[name] for name in ("from", "to", "var-route", "var-instance")}
    assert any('http_route=~"api"' in str(query.get("query")) for _, query in upstream.asked)


def test_exemplars_lead_to_their_request(opened: Opened) -> None:
    """The exemplars on the latency graph link to their request."""
    page = drawn(opened("/d/glasshouse-api"))
    assert page.locator(".exemplar").first.get_attribute("href") == f"/requests/{TRACE}"


def test_a_panel_is_viewed_alone_by_keyboard(opened: Opened) -> None:
    """A panel can be opened alone by keyboard, with its values and queries; Escape returns to the dashboard."""
    page = drawn(opened("/d/glasshouse-api"))
    page.locator('[aria-label="View panel Latency"]').press("Enter")
    expect(page.locator("#zoom")).to_contain_text("histogram_quantile(0.95")
    assert parse_qs(urlsplit(page.url).query)["viewPanel"] == ["panel-4"]
    assert page.locator(".panel:visible").count() == 1
    page.keyboard.press("Escape")
    expect(page.locator("#zoom")).to_be_hidden()


def test_a_wrong_time_is_reported(opened: Opened) -> None:
    """An invalid time is reported, and the dashboard's own range is used."""
    page = drawn(opened("/d/glasshouse-api?from=yesterday&to=now"))
    expect(page.locator("#trouble")).to_be_visible()


def test_an_unknown_dashboard_says_which_there_are(browser: Any, console_url: str) -> None:
    """The page for an unknown dashboard lists the existing ones."""
    page = browser.new_page()
    page.goto(f"{console_url}/d/nothing")
    expect(page.locator("#panels")).to_contain_text("glasshouse-overview")
    page.close()


@pytest.mark.parametrize("width", [390, 820])
def test_a_narrow_page_is_not_wider_than_its_screen(opened: Opened, width: int) -> None:
    """On a phone there is one column; only tables and the navigation scroll horizontally."""
    page = drawn(opened("/d/glasshouse-overview", width=width, height=5000))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_queries_are_filled_in_as_the_tests_do(opened: Opened) -> None:
    """The page fills in queries by the rules of ``tests.dashboard_queries``, for every query and unusual values."""
    cases = []
    for board in BOARDS.values():
        own = queries.variables(board)
        for values in (own, *({name: choice for name in own} for choice in CHOICES)):
            for query in (*queries.of_panels(board), *queries.of_annotations(board)):
                plain = {
                    name: {"all": str(one)} if isinstance(one, queries.Pattern) else one for name, one in values.items()
                }
                cases.append([query.expression, plain, queries.fill(query.expression, values, SPAN)])
    text = "${a:raw} $a [[a]] ${a} $1 ${1} $__range_ms $__from ${__interval}"
    cases.append([text, {"a": "x"}, queries.fill(text, {"a": "x"}, SPAN)])
    script = """a.cases.filter(([text, values, wanted]) => m.fill(text, Object.fromEntries(Object.entries(values).map(
        ([name, one]) => [name, one.all ? new m.Pattern(one.all) : one])), a.span) !== wanted).map(([text]) => text)"""
    span = {"start": SPAN.start, "end": SPAN.end, "step": SPAN.step}
    assert evaluate_module(opened("/dashboards"), "board/fill.js", script, {"cases": cases, "span": span}) == []


@pytest.mark.parametrize(
    ("module", "expression", "wanted"),
    [
        ("kinds/heatmap.js", "m.cellsOf([[1, 2], [3, null], [4, 9]])", [[1, 2], [2, None], [1, 9]]),
        (
            "time.js",
            "[m.moment('now-30m', 1e12), m.moment('1700000000000'), m.moment('soon')]",
            [999998200, 1700000000, None],
        ),
        ("time.js", "m.stepOf({ start: 0, end: 1800 }, 400)", 5),
        ("fill.js", "m.legend('{{a}} {{ b }}{{c}}', { a: 'x', b: 'y' })", "x y"),
        (
            "fill.js",
            "m.address('/d/x?${__url_time_range}&var-a=${__field.labels.a:percentencode}&b=${__data.fields.B c}',"
            " { range: { from: 'now-1h', to: 'now' }, labels: { a: 'a&b' }, fields: { 'B c': '/<x>' } })",
            "/d/x?from=now-1h&to=now&var-a=a%26b&b=%2F%3Cx%3E",
        ),
        ("looks.js", "[m.trimmed('100.0 %'), m.trimmed('4.50 s'), m.trimmed('100')]", ["100 %", "4.5 s", "100"]),
        (
            "kinds/table.js",
            "m.merged({ targets: [{ refId: 'A' }, { refId: 'B' }] },"
            " { A: { series: [{ labels: { x: '1' }, values: [[0, 2]] }] },"
            " B: { series: [{ labels: { x: '1' }, values: [[0, 3]] }, { labels: { x: '2' }, values: [[0, 4]] }] } })",
            [{"x": "1", "Value #A": 2, "Value #B": 3}, {"x": "2", "Value #B": 4}],
        ),
    ],
)
def test_the_viewers_rules(opened: Opened, module: str, expression: str, wanted: Any) -> None:
    """Buckets, times, legends, links and tables follow Grafana's rules."""
    assert evaluate_module(opened("/dashboards"), f"board/{module}", expression) == wanted
