"""The story in the terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from console.config.addresses import Addresses
from console.follow.__main__ import draw
from console.follow.render import Renderer
from console.follow.words import amount
from console.servers.alertmanager import alerts_of
from console.servers.inbox import Email, emails_of
from console.servers.jaeger import spans_of
from console.servers.loki import LogLine, lines_of
from console.servers.prometheus import exemplars_of
from console.servers.shop import order_of
from console.story import Evidence, Story, build_story


@pytest.fixture
def evidence(recorded: Callable[[str], Any], addresses: Addresses) -> Evidence:
    """Return the complete evidence about one confirmed order."""
    order = order_of(recorded("order"))
    return Evidence(
        addresses,
        order_id=order.id,
        request_id=order.request_id,
        trace_id=order.trace_id,
        order=order,
        spans=spans_of(recorded("jaeger_trace")["data"][0]),
        lines=lines_of(recorded("loki_lines")),
        exemplars=exemplars_of(recorded("exemplars")),
        emails=emails_of(recorded("inbox"))[:1],
        alerts=alerts_of(recorded("alerts")),
    )


def drawn(story: Story, width: int = 120, encoding: str = "utf-8", **options: Any) -> str:
    """Return the output to a pipe."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="replace")
    Renderer(Console(file=stream, width=width, **options)).render(story)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_everything_is_printed(evidence: Evidence) -> None:
    """The output contains the order, states, hops, databases, log lines, exemplar, e-mail and addresses."""
    text = drawn(build_story(evidence))
    for expected in (
        f"Order {evidence.order_id} is confirmed after ",
        "reserved",
        "Trace  api → worker → payments: 19 spans",
        "orders publish  rq orders",
        "orders process",
        "POST /v1/charges",
        "mongodb charges",
        "INFO order accepted",
        "INFO charge approved",
        "this request",
        f"Your order {evidence.order_id} is confirmed",
        f"http://127.0.0.1:16686/api/traces/{evidence.trace_id}",
    ):
        assert expected in text
    assert "Missing data" not in text
    assert "not complete" not in text


def test_a_pipe_gets_no_control_characters(evidence: Evidence) -> None:
    """Output to a pipe contains only text and line ends."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", drawn(build_story(evidence)))


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_rows_keep_to_the_width(evidence: Evidence, width: int) -> None:
    """Rows are truncated to the width and never wrapped.

    Addresses and IDs are complete, so that they can be copied.
    """
    text = drawn(build_story(evidence), width)
    rows = text.split("Trace  ", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    assert rows
    assert max(len(row) for row in rows) <= width
    assert f"api/traces/{evidence.trace_id}\n" in text
    assert ("█" in text) == (width >= 90)


def test_without_unicode_it_is_drawn_in_ascii(evidence: Evidence) -> None:
    """Without Unicode the tree is drawn with ASCII characters."""
    text = drawn(build_story(evidence), 120, "ascii")
    assert "|- " in text
    assert "###" in text
    assert "█" not in text


def test_bars_stand_where_the_spans_ran(evidence: Evidence) -> None:
    """Bars are drawn where spans ran: the root's at the left edge, the worker's longer than it."""
    text = drawn(build_story(evidence), 120)
    root = next(line for line in text.splitlines() if line.endswith("POST /api/v1/orders"))
    assert re.search(r"api +█", root)
    worker = next(line for line in text.splitlines() if line.endswith("orders process"))
    assert worker.count("█") > root.count("█")


def test_what_others_wrote_cannot_draw(evidence: Evidence) -> None:
    """Escape sequences, markup and line ends of external texts are shown as text or removed."""
    evil = "\x1b[2J\x1b]0;title\x07[bold red]x[/bold red]\r\nfake line\u202e"
    assert evidence.spans is not None
    assert evidence.lines is not None
    assert evidence.order is not None
    evidence.spans = [replace(span, name=evil, service=evil) for span in evidence.spans]
    evidence.lines = [LogLine(line.at_ns, evil, dict(line.fields) | {"level": evil}) for line in evidence.lines]
    evidence.emails = [Email(1, evil, evil, evil)]
    evidence.order = replace(evidence.order, status=evil, reason=evil, currency=evil)
    evidence.note(evil)
    text = drawn(build_story(evidence))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold red]x" in text
    assert not re.search(r"^fake line", text, re.MULTILINE)


def test_colour_is_for_terminals(evidence: Evidence) -> None:
    """Colour is used on a terminal."""
    assert "\x1b[" in drawn(build_story(evidence), force_terminal=True, color_system="standard")


def test_what_is_missing_is_reported(evidence: Evidence) -> None:
    """An incomplete trace is marked in its title, and notes list what is missing."""
    assert evidence.spans is not None
    evidence.spans = [span for span in evidence.spans if span.service != "payments"]
    evidence.note("Log store does not respond.")
    text = drawn(build_story(evidence))
    assert ", incomplete" in text
    assert "! Log store does not respond." in text
    assert "! Jaeger does not have the payments' spans." in text


def test_without_a_trace_the_lines_are_listed(evidence: Evidence) -> None:
    """Without a trace the log lines are listed with their times and services."""
    evidence.spans = None
    text = drawn(build_story(evidence))
    assert "Trace  " not in text
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3}  worker +INFO +order paid", text)


def test_failed_spans_are_printed_in_full(evidence: Evidence) -> None:
    """The message of a failed span that does not fit into its row is printed in full below the tree."""
    assert evidence.spans is not None
    error = "MailUnavailable: " + "the mail server does not accept the message " * 4
    attributes = {"otel.status_code": "ERROR", "otel.status_description": error}
    evidence.spans = [
        replace(span, attributes=attributes) if span.name == "smtp send" else span for span in evidence.spans
    ]
    assert f"worker: smtp send failed: {error.strip()}\n" in drawn(build_story(evidence))


@pytest.mark.parametrize(
    ("ms", "text"), [(0.0, "0.00 ms"), (7.066, "7.07 ms"), (18.44, "18.4 ms"), (204.6, "205 ms"), (1250.0, "1.25 s")]
)
def test_amounts_have_three_digits(ms: float, text: str) -> None:
    """Durations are printed with three digits in a suitable unit."""
    assert amount(ms) == text


def test_the_picture_fetches_no_fonts(evidence: Evidence, tmp_path: Path) -> None:
    """The SVG in the README loads no fonts from other servers, which rich's own export does."""
    page = Console(record=True, file=io.StringIO())
    page.print("x")
    assert "@font-face" in page.export_svg()
    draw(build_story(evidence), tmp_path / "story.svg")
    picture = (tmp_path / "story.svg").read_text(encoding="utf-8")
    assert "@font-face" not in picture
    assert "url(http" not in picture
    ElementTree.fromstring(picture)
    assert "make&#160;follow" in picture or "make follow" in picture
