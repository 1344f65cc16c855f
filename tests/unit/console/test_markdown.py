"""Rendering runbooks: Markdown becomes HTML, and HTML in the file stays text."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.pages.markdown import rendered

RUNBOOKS = Path(__file__).parents[3] / "alerts" / "runbooks"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<style>*{}</style>",
        "```html\n<script>alert(1)</script>\n```",
        "```promql\n<script>\"'</script>\n```",
        "`<script>`",
        "# <script>",
        "[<script>](http://x)",
        '[x](http://x "<script>")',
        "| <script> |\n|---|\n| <script> |",
        "<!-- <script> -->",
        "&lt;script&gt;",
    ],
)
def test_html_is_shown_as_text(text: str) -> None:
    """HTML in the file is shown as text."""
    html = rendered(text, "http://prometheus")
    for tag in ("<script", "<img", "<style", "<!--"):
        assert tag not in html
    assert "script" in html or "style" in html or "onerror" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "file:///etc"]
)
def test_a_link_that_could_run_something_is_text(url: str) -> None:
    """A link that could run a script is shown as text."""
    assert "href" not in rendered(f"[click]({url})")
    assert "src" not in rendered(f"![click]({url})").replace("javascript", "")


def test_what_runbooks_use_is_drawn() -> None:
    """Headings, lists, code, tables and links, which runbooks use, are rendered."""
    html = rendered("# A\n\n- b\n\n| c |\n|---|\n| d |\n\n[e](/runbooks/E) `f`")
    for part in ("<h1>A</h1>", "<li>b</li>", "<td>d</td>", '<a href="/runbooks/E">e</a>', "<code>f</code>"):
        assert part in html


def test_a_query_can_be_run_by_a_click() -> None:
    """A PromQL block links to Prometheus and a LogQL block to the console's log page; other code has no link."""
    text = '```promql\nup == 0\n```\n\n```logql\n{service_name="api"}\n```\n\n```\nup\n```'
    html = rendered(text, "http://127.0.0.1:9090")
    assert '<a href="http://127.0.0.1:9090/graph?g0.expr=up+%3D%3D+0&amp;' in html
    assert '<a href="/logs?query=%7Bservice_name%3D%22api%22%7D">' in html
    assert html.count("<a ") == 2
    assert "graph" not in rendered(text, "")


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_every_runbook_is_drawn(path: Path) -> None:
    """Every runbook is rendered with its title, and each of its PromQL and LogQL blocks has a link."""
    text = path.read_text()
    html = rendered(text, "http://prometheus")
    assert html.startswith("<h1>")
    assert html.count('<div class="query">') == text.count("```promql") + text.count("```logql")
