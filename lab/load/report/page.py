"""The report as one HTML file without scripts or external resources."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from lab.charts.lines import Line, chart
from lab.load.report.lines import disagreements, errors_said, summary
from lab.load.run.runner import Result
from lab.load.tally import Tally
from lab.load.verify.agreement import milliseconds

_STYLE = """
body{font:15px/1.5 ui-sans-serif,system-ui,sans-serif;color:#22303c;background:#fff;
max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}pre{background:#f2f5f7;padding:1rem;border-radius:8px;overflow:auto}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #d7dde2}
td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto;margin:.6rem 0}
.good{color:#2e7d32}.bad{color:#c62828}
"""
_MOST_COMPONENTS = 8


def report(result: Result, at: str, machine: dict[str, Any]) -> str:
    """Return the page."""
    wrong = disagreements(result)
    verdict = (
        f'<p class="bad">Prometheus differs:</p><ul>{"".join(f"<li>{escape(one)}</li>" for one in wrong)}</ul>'
        if wrong
        else '<p class="good">Prometheus has the same count for every method, route and status.</p>'
    )
    shown = ", ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>Load: {escape(result.profile.name)}, {escape(at)}</title>',
            f"<style>{_STYLE}</style>",
            f"<h1>Load profile {escape(result.profile.name)}: {escape(result.profile.what)}</h1>",
            f"<p>{escape(at)} · {escape(shown)} · the generator shares this machine with the stack</p>",
            f"<pre>{escape(chr(10).join(summary(result)))}</pre>",
            verdict,
            "<h2>Charts over time</h2>",
            *pictures(result),
            "<h2>Requests</h2>",
            _routes(result.tally),
            "<h2>Errors</h2>",
            f"<p>{escape(errors_said(result.tally.errors))}</p>",
            "</html>\n",
        ]
    )


def pictures(result: Result) -> list[str]:
    """Return the charts of the run: users, rate, latencies, errors, CPU."""
    moments = result.moments

    def over(name: str, value: Any) -> Line:
        return Line(name, [(moment.at, value(moment)) for moment in moments])

    def quantile(q: float) -> Line:
        def value(moment: Any) -> float | None:
            seconds = moment.tally.durations.quantile(q)
            return None if seconds is None else seconds * 1000

        return over(f"p{q * 100:g}", value)

    drawn = [
        chart("Users", "", [over("users", lambda moment: moment.users)]),
        chart("Requests per second", "", [over("requests", lambda moment: moment.rate)]),
        chart("Response time", "ms", [quantile(q) for q in (0.5, 0.95, 0.99)], logarithmic=True),
    ]
    kinds = [kind for kind, _ in result.tally.errors.most_common(6)]
    if kinds:
        lines = [
            over(
                f"{by} {status}" if status else "no response",
                lambda moment, kind=(by, status): moment.tally.errors[kind] / moment.seconds,
            )
            for by, status in kinds
        ]
        drawn.append(chart("Errors per second", "", lines))
    drawn.append(chart("Cores used", "", _cores(result)))
    return drawn


def _cores(result: Result) -> Sequence[Line]:
    sums: dict[str, float] = {}
    for moment in result.moments:
        for name, cores in moment.cores.items():
            sums[name] = sums.get(name, 0.0) + cores
    first = sorted(sums, key=lambda name: -sums[name])[:_MOST_COMPONENTS]
    return [Line(name, [(moment.at, moment.cores.get(name)) for moment in result.moments]) for name in first]


def _routes(tally: Tally) -> str:
    rows = [
        f"<tr><td>{escape(outcome.method)} {escape(outcome.route)}</td><td>{outcome.status or 'none'}</td>"
        f"<td>{escape(outcome.by)}</td><td>{histogram.total}</td>"
        + "".join(f"<td>{milliseconds(histogram.quantile(q))}</td>" for q in (0.5, 0.95, 0.99, 0.999))
        + "</tr>"
        for outcome, histogram in sorted(tally.outcomes.items(), key=lambda item: -item[1].total)
    ]
    head = "".join(f"<th>{name}</th>" for name in ("request", "status", "by", "requests", "p50", "p95", "p99", "p99.9"))
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"
