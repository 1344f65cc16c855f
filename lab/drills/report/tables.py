"""The table of results for the terminal and as Markdown, and the details of one drill as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from lab.drills.report.words import clock, seconds
from lab.drills.run.result import AlertTimes, Result

COLUMNS = (
    "drill", "fault", "alert", "detect", "notify", "allowed", "e-mail", "resolve", "pages", "false pages", "tickets",
    "orders", "delayed", "lost", "budget", "busy",
)  # fmt: skip
_NUMBERS = COLUMNS[3:8] + COLUMNS[8:9] + COLUMNS[11:]


def rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Return a row for each expected alert. A drill's first row also has the columns about the whole drill."""
    found = []
    for result in results:
        alerts: Sequence[AlertTimes | None] = result.alerts or (None,)
        for number, times in enumerate(alerts):
            found.append(_row(result, times, first=number == 0))
    return found


def _row(result: Result, times: AlertTimes | None, first: bool) -> tuple[str, ...]:
    cells = (
        (times.alert, seconds(times.detect), seconds(times.notify), seconds(times.allowed), seconds(times.mail),
         seconds(times.resolve))
        if times
        else ("(none)", "–", "–", "–", "–", "–")
    )  # fmt: skip
    if not first:
        return ("", "", *cells, *[""] * 8)
    spent = result.spent
    return (
        f"{'✔' if result.passed else '✘'} {result.name}",
        result.fault,
        *cells,
        str(result.pages),
        ", ".join(result.false_pages) or "0",
        ", ".join(result.tickets) or "–",
        str(spent.orders),
        str(spent.delayed),
        str(spent.lost),
        f"{spent.budget_share:.2%}",
        f"{result.busy:g}",
    )


def table(results: Sequence[Result]) -> Table:
    """Return the table for the terminal."""
    found = Table(title="Drills", title_justify="left")
    for name in COLUMNS:
        found.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in rows(results):
        found.add_row(*(escape(cell) for cell in row))
    return found


def markdown(results: Sequence[Result], late: Sequence[str] = (), failed: Sequence[str] = ()) -> str:
    """Return the report: the table, failed expectations and the details of each drill."""
    lines = ["# Drill report", "", *markdown_table(results), ""]
    lines += [f"- ✘ {result.name}: {wrong}" for result in results for wrong in result.wrong]
    lines += [f"- ✘ page between drills: {one}" for one in late]
    lines += [f"- ✘ failed to run: {one}" for one in failed]
    for result in results:
        lines += ["", *details(result)]
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(results: Sequence[Result]) -> list[str]:
    """Return the table's lines."""
    head = [f"| {' | '.join(COLUMNS)} |", "|" + "|".join("---:" if n in _NUMBERS else "---" for n in COLUMNS) + "|"]
    return head + [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows(results)]


def details(result: Result) -> list[str]:
    """Return one drill in Markdown: its telemetry, cost and timeline."""
    spent = result.spent
    slo = "not queried" if spent.slo_ratio is None else f"{spent.slo_ratio:.2%}"
    lines = [
        f"## {result.name}",
        "",
        f"{result.title}. Fault: {result.fault}. Began {clock(result.began)} UTC, "
        f"cleared after {result.cleared:.0f} s.",
        "",
        f"![timeline](timeline-{result.name}.svg)",
        "",
        f"- Cost: {spent.failed} of {spent.requests} requests failed ({_ratio(spent.failed, spent.requests)}), "
        f"{spent.budget_share:.2%} of the monthly error budget.",
        f"- Error ratio of the API's responses, by the drill: {spent.answered_ratio:.2%}; by the SLO series: {slo}.",
        f"- Orders: {spent.orders} placed, {spent.confirmed} confirmed, {spent.delayed} took more than 30 s "
        f"(slowest {spent.slowest_order:.0f} s), {spent.orders_failed} failed, "
        f"{spent.dead_letters} dead-lettered and retried, {spent.lost} lost.",
    ]
    lines += [
        f"- {'Found' if one.found else '**Not found**'}: {one.what}"
        + (f", after {one.after:.0f} s" if one.after is not None else "")
        + f". `{one.query}`"
        for one in result.finds
    ]
    lines += [f"- **Wrong**: {one}" for one in result.wrong]
    lines += ["", "| time | event | alert | |", "|---:|---|---|---|"]
    lines += [
        f"| {event.at:+.0f} s | {event.kind}{f' ({event.receiver})' if event.receiver else ''} | {event.alert} "
        f"| {_cell(event.text)} |"
        for event in result.events
    ]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"
