"""The routes of an application: their series and their latency thresholds, also of routes that are added later."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Rule

from glasshouse_observability.flask.attributes import decoded
from glasshouse_observability.flask.metrics import RequestMetrics
from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.traces.sampling import Late, Sampler

MOST_MOUNTS = 16
"""Prefixes under which an application's routes are known. A proxy's header can create any number of prefixes."""


class Routes:
    """The routes of ``app``, which may be mounted under prefixes.

    A view declares its success status with the attribute ``success_status`` (default 200), and its own latency
    threshold in seconds with ``slow_seconds``.
    """

    def __init__(self, app: Flask, metrics: RequestMetrics, sampler: Sampler) -> None:
        self._app, self._metrics, self._sampler = app, metrics, sampler
        self._templates: set[str] = set()
        self._thresholds: dict[str, float] = {}
        self._mounts: dict[str, str] = {}
        self.shortest = sampler.slow_seconds
        self.learn()

    def learn(self) -> None:
        """Create the series of each route's success and failure, so that the first error is an increase from zero."""
        for rule in list(self._app.url_map.iter_rules()):
            # A redirect has no view, and a rule that only builds URLs serves no requests.
            view = self._app.view_functions.get(rule.endpoint)
            if rule.rule in self._templates or rule.build_only or view is None:
                continue
            self._metrics.declare(_methods(rule), rule.rule, int(getattr(view, "success_status", 200)))
            seconds = getattr(view, "slow_seconds", None)
            if seconds is not None:
                self._thresholds[rule.rule] = float(seconds)
        self._templates.update(rule.rule for rule in self._app.url_map.iter_rules())
        self.shortest = min([self._sampler.slow_seconds, *self._thresholds.values()])

    def mount(self, script_name: str) -> str:
        """Return the prefix ``SCRIPT_NAME`` as part of a route."""
        prefix = self._mounts.get(script_name)
        if prefix is None:
            prefix = decoded(script_name).rstrip("/")
            if len(self._mounts) < MOST_MOUNTS:
                self._mounts[script_name] = prefix
        return prefix

    def series(self, what: tuple[str, str, int], template: str | None) -> DeferredHistogram:
        """Return the series of requests with this method, route and status; ``template`` is the rule of the route."""
        method, route, status = what
        if template is None:
            return self._metrics.series(method, route, status, is_declared=False)
        if template not in self._templates:
            self.learn()
            # A rule of an application that is mounted in this one.
            self._templates.add(template)
        prefix = route.removesuffix(template)
        is_declared = route.endswith(template) and (not prefix or prefix in self._mounts.values())
        return self._metrics.series(method, route, status, is_declared)

    def reason(self, template: str | None, failed: bool, seconds: float) -> Late | None:
        """Return why a request that was not sampled needs a span, or ``None`` if it does not need one.

        Call it only for requests that failed or took longer than ``shortest`` seconds; no other request has a reason.
        """
        return self._sampler.late(failed, seconds, self._thresholds.get(template or ""))


def _methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"OPTIONS", "HEAD"}
