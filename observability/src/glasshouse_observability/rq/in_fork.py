"""The work horse's side of a measured job: it reports what it observes to its parent."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from glasshouse_observability.rq import fork_report
from glasshouse_observability.rq.run import JobRun
from glasshouse_observability.rq.spans import dump_span

_known: tuple[int, frozenset[str]] = (0, frozenset())
"""The process that has reset its counts, and the names of the metrics that its parent has."""


def observe_in_fork(
    run: JobRun, perform: Callable[[], Any], conclude: Callable[[Any], str], give_up: Callable[[], str]
) -> Any:
    """Run ``perform``, and write a report with the outcome: that of its result, or of ``give_up`` if it raises."""
    _begin(run)
    found = "crashed"
    try:
        with run.around():
            try:
                done = perform()
            except BaseException:
                found = give_up()
                raise
            found = conclude(done)
        return done
    finally:
        _report(run, found)


def _begin(run: JobRun) -> None:
    global _known
    if _known[0] != os.getpid():
        _known = os.getpid(), fork_report.reset(run.parts.telemetry.registry)


def _report(run: JobRun, outcome: str) -> None:
    telemetry = run.parts.telemetry
    if run.file is None:
        return
    try:
        collected = run.collected
        spans = telemetry.spans.kept if telemetry.spans is not None else []
        metrics, created = fork_report.collect(telemetry.registry, _known[1])
        report = fork_report.ForkReport(
            outcome,
            metrics,
            [dump_span(span) for span in spans],
            collected.attributes,
            collected.events,
            created,
            run.again,
        )
        spans.clear()
        fork_report.write(run.file, report)
    except Exception:  # noqa: BLE001  (RQ has recorded the job's result already)
        telemetry.swallowed("rq.report")
        fork_report.write(run.file, fork_report.ForkReport(outcome, retried=run.again))
