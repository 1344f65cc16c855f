"""``| line_format`` and ``| label_format``."""

from __future__ import annotations

from collections.abc import Callable

from log_gateway.evaluation.state import State, Step
from log_gateway.templates.compiler import compile_template
from log_gateway.templates.errors import TemplateFailed

_ERROR = "TemplateFormatErr"


def line_format(template: str) -> Step:
    """Replaces the line. If the template fails, the line is kept and marked with the error."""
    render = compile_template(template)

    def step(state: State) -> bool:
        try:
            state.line = render(state.labels, state.line, state.timestamp)
        except TemplateFailed as error:
            state.fail(_ERROR, str(error))
        return True

    return step


def label_format(assignments: tuple[tuple[str, bool, str], ...]) -> Step:
    """Renames labels or sets them from templates, all of which see the labels as they were before this stage."""
    compiled: list[tuple[str, str, Callable[..., str] | None]] = [
        (target, source, compile_template(source) if is_template else None)
        for target, is_template, source in assignments
    ]

    def step(state: State) -> bool:
        labels = state.labels
        seen: dict[str, str] | None = None
        for target, source, render in compiled:
            if render is None:
                if source in labels:
                    value = labels.pop(source)
                    labels[target] = value
                continue
            if seen is None:
                seen = dict(labels)
            try:
                labels[target] = render(seen, state.line, state.timestamp)
            except TemplateFailed as error:
                state.fail(_ERROR, str(error))
        return True

    return step
