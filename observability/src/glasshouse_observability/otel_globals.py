"""OpenTelemetry's global tracer provider and propagator: set with care for those of others, and restored.

OpenTelemetry has no public function that removes a tracer provider. ``docs/reference/hooks.md`` lists the two private
names that are used here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from opentelemetry import propagate, trace
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.util._once import Once

from glasshouse_observability.settings import WrongSetting
from glasshouse_observability.settings.errors import Problem

_log = logging.getLogger(__name__)
_ENTRY_POINTS = "opentelemetry_propagator"
_PACKAGES = {
    "b3": "opentelemetry-propagator-b3",
    "b3multi": "opentelemetry-propagator-b3",
    "jaeger": "opentelemetry-propagator-jaeger",
    "xray": "opentelemetry-propagator-aws-xray",
    "ottrace": "opentelemetry-propagator-ot-trace",
}


def propagator(names: Sequence[str]) -> TextMapPropagator:
    """Return the propagator of these names, as in ``OTEL_PROPAGATORS``; the process's own one if there are no names.

    Raises:
        WrongSetting: a name is unknown, or the package that provides it is not installed.
    """
    if not names:
        return propagate.get_global_textmap()
    if names == ("none",):
        return CompositePropagator([])
    return CompositePropagator([_loaded(name) for name in dict.fromkeys(names)])


def _loaded(name: str) -> TextMapPropagator:
    from importlib.metadata import entry_points

    for found in entry_points(group=_ENTRY_POINTS, name=name):
        made: TextMapPropagator = found.load()()
        return made
    remedy = f"; install {_PACKAGES[name]}" if name in _PACKAGES else ""
    installed = sorted({each.name for each in entry_points(group=_ENTRY_POINTS)})
    raise WrongSetting(Problem("OTEL_PROPAGATORS", repr(name), f"one of {', '.join(installed)}, none{remedy}"))


def set_propagator(chosen: TextMapPropagator) -> Callable[[], None]:
    """Make ``chosen`` the global propagator; return the function that restores the previous one."""
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(chosen)

    def restore() -> None:
        if propagate.get_global_textmap() is chosen:
            propagate.set_global_textmap(before)

    return restore


def set_provider(provider: TracerProvider) -> Callable[[], None]:
    """Make ``provider`` the global one, unless there is one; return the function that removes it again."""
    # Not ``get_tracer_provider``, which would create one from the environment.
    present = trace._TRACER_PROVIDER
    if present is provider:
        return _nothing
    if present is not None:
        _log.warning(
            "another library has registered OpenTelemetry's tracer provider (%s.%s): spans of opentelemetry.trace"
            ".get_tracer() go there, spans of this library and of Telemetry.tracer() to its own exporter; pass "
            "make_global=False to Telemetry.start, or start it first",
            type(present).__module__,
            type(present).__qualname__,
            extra={"event": "telemetry.foreign_provider"},
        )
        return _nothing
    trace.set_tracer_provider(provider)

    def remove() -> None:
        if trace._TRACER_PROVIDER is provider:
            trace._TRACER_PROVIDER = None
            trace._TRACER_PROVIDER_SET_ONCE = Once()

    return remove


def _nothing() -> None:
    """There is nothing to undo."""
