"""The draft of a postmortem. Facts from the run are filled in, and the participants write the rest."""

from __future__ import annotations

from collections.abc import Sequence

from lab.drills.gameday.match import Match
from lab.drills.report.words import clock, moment, seconds
from lab.drills.run.result import AlertTimes, Result
from lab.drills.spec.model import Drill

_MOVES = {
    "hint": "hint taken", "wrong": "wrong answer", "right": "cause found", "gave up": "gave up",
}  # fmt: skip
_TO_FILL = "_to fill in_"


def draft(drill: Drill, result: Result, match: Match) -> str:
    """Return a blameless postmortem in Markdown, in the form of the Google SRE book's example (appendix D)."""
    lines = [
        f"# Postmortem (draft): {drill.title}",
        "",
        f"- Date: {moment(result.began)[:10]}, game day with seed {match.seed}",
        f"- Authors: {_TO_FILL}",
        f"- Status: draft; the score was {match.points} of 100",
        "",
        "## Summary",
        "",
        f"{drill.title}. The fault began at {clock(result.began)} UTC and was cleared after "
        f"{result.cleared:.0f} s. {_TO_FILL}",
        "",
        "## Impact",
        "",
        *_impact(result),
        "",
        "## Root cause and trigger",
        "",
        f"The fault `{result.fault}`, injected for the game day. {_TO_FILL}: what would cause it in production?",
        "",
        "## Detection",
        "",
        *_detection(result.alerts),
        "",
        "What the telemetry shows:",
        "",
        *[
            f"- {one.what}: `{one.query}`, "
            + (f"found after {one.after:.0f} s" if one.after is not None else "not found")
            for one in result.finds
        ],
        "",
        "## Timeline (UTC)",
        "",
        "| time | since the fault | event | |",
        "|---|---:|---|---|",
        *_timeline(result, match),
        "",
        f"![timeline](timeline-{result.name}.svg)",
        "",
        "## Lessons",
        "",
        f"- {drill.lesson}",
        f"- What went well: {_TO_FILL}",
        f"- What went wrong: {_TO_FILL}",
        f"- Where we got lucky: {_TO_FILL}",
        "",
        "## Action items",
        "",
        "| action | kind (prevent, detect, mitigate) | owner | due |",
        "|---|---|---|---|",
        *[f"| {_TO_FILL} | {kind} | | |" for kind in ("prevent", "detect", "mitigate")],
    ]
    return "\n".join(lines) + "\n"


def _impact(result: Result) -> list[str]:
    spent = result.spent
    return [
        f"- Requests: {spent.failed} of {spent.requests} failed.",
        f"- Error budget (API availability, 99.9 % over 30 days): {spent.budget_share:.2%} of the month's spent.",
        f"- Orders: {spent.orders} placed, {spent.delayed} took more than 30 s (slowest {spent.slowest_order:.0f} s), "
        f"{spent.orders_failed} failed, {spent.dead_letters} dead-lettered and retried, {spent.lost} lost.",
    ]


def _detection(alerts: Sequence[AlertTimes]) -> list[str]:
    if not alerts:
        return [f"- No alert covers this fault. {_TO_FILL}: should one exist?"]
    return [
        f"- {one.alert} ({one.receiver}): detected after {seconds(one.detect)}, notified after {seconds(one.notify)} "
        f"(limit {one.allowed:.0f} s), resolved {seconds(one.resolve)} after the fault was cleared."
        for one in alerts
    ]


def _timeline(result: Result, match: Match) -> list[str]:
    happened = [(one.at, one.kind, f"{one.alert} {one.text}".strip()) for one in result.events]
    happened += [(move.at, _MOVES[move.kind], move.text) for move in match.moves]
    return [
        f"| {clock(result.began + at)} | {at:+.0f} s | {what} | {_cell(text)} |" for at, what, text in sorted(happened)
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
