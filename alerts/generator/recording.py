"""The recorded series of an objective: errors and events over each window, their ratio, and the remaining budget.

Three details differ from other generators. Errors and events are recorded separately and their sums are divided, so
that a busy hour has more weight than a quiet one. A missing error series counts as zero. Without events there is no
ratio, instead of NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alerts.generator.durations import seconds
from alerts.generator.spec import Slo, Spec
from alerts.generator.windows import Windows

Rule = dict[str, Any]


class Objective:
    """One objective with the labels of its series and the selector that matches them."""

    def __init__(self, spec: Spec, slo: Slo, windows: Windows) -> None:
        self.spec, self.slo, self.windows = spec, slo, windows
        self.labels = {"slo": slo.name, "service": spec.service, **spec.labels, **slo.labels}
        self._selector = f'{{slo="{slo.name}", service="{spec.service}"}}'

    def series(self, name: str) -> str:
        """Return the selector of a recorded series of this objective."""
        return f"{name}{self._selector}"

    def _record(self, name: str, expr: str) -> Rule:
        return {"record": name, "expr": expr, "labels": self.labels}

    def within_period(self) -> Iterator[Rule]:
        """Yield the rules that are evaluated often: every window except the period."""
        yield self._record("slo:objective:ratio", f"vector({self.slo.kept:f})")
        for window in self.windows.below_period():
            yield from self._window(window)
        burn = self.series(f"slo:burn_rate:ratio{self.windows.base}")
        yield self._record("slo:current_burn_rate:ratio", burn)

    def _window(self, window: str) -> Iterator[Rule]:
        events, errors = f"slo:sli_events:rate{window}", f"slo:sli_errors:rate{window}"
        if window in self.windows.counted:
            query = self.slo.sli.events
            yield self._record(events, query.total(window))
            yield self._record(
                errors,
                f"clamp_min(({query.errors(window)}), 0)\nor on () 0 * {self.series(events)}",
            )
        else:
            yield from self._sums(window)
        ratio = f"slo:sli_error:ratio_rate{window}"
        yield self._record(ratio, f"{self.series(errors)}\n/ ({self.series(events)} > 0)")
        yield self._record(f"slo:burn_rate:ratio{window}", f"{self.series(ratio)} / {self.slo.budget:f}")

    def _sums(self, window: str) -> Iterator[Rule]:
        # Not an average, which on a new instance would report the rate of a few minutes as the rate of days.
        every, length = seconds(self.windows.every), seconds(window)
        for kind in ("slo:sli_events:rate", "slo:sli_errors:rate"):
            recorded = self.series(f"{kind}{self.windows.base}")
            yield self._record(f"{kind}{window}", f"sum_over_time({recorded}[{window}]) * {every} / {length}")

    def of_period(self) -> Iterator[Rule]:
        """Yield the rules that are evaluated rarely: the period, its remaining budget and when it is used up."""
        period = self.windows.period
        yield from self._sums(period)
        errors, events = (self.series(f"slo:{kind}:rate{period}") for kind in ("sli_errors", "sli_events"))
        ratio, left = f"slo:sli_error:ratio_rate{period}", "slo:period_error_budget_remaining:ratio"
        yield self._record(ratio, f"{errors}\n/ ({events} > 0)")
        yield self._record(left, f"1 - {self.series(ratio)} / {self.slo.budget:f}")
        # At the rate of the last hour. If no budget is burning, there is no series.
        hour = self.series(f"slo:burn_rate:ratio{self.windows.counted[-1]}")
        yield self._record(
            "slo:error_budget_exhaustion:seconds",
            f"clamp_min({self.series(left)}, 0) * {seconds(period)}\n/ ({hour} > 0)",
        )
