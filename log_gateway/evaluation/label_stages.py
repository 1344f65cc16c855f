"""Stages that remove labels (``drop`` and ``keep``) or colours (``decolorize``)."""

from __future__ import annotations

import re
from collections.abc import Callable

from log_gateway.evaluation.label_filters import value_test
from log_gateway.evaluation.state import ERROR, ERROR_DETAILS, PRESERVE_ERROR, State, Step
from log_gateway.logql.ast import Matcher

# ECMA-48 control sequences: CSI with parameters, OSC up to its terminator, and two-character escapes.
_COLOUR = re.compile("(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[@-Z\\\\^_]")
_ALWAYS_KEPT = frozenset({ERROR, ERROR_DETAILS, PRESERVE_ERROR})

Choice = tuple[str, Callable[[str], bool] | None]


def _choices(labels: tuple[str | Matcher, ...]) -> list[Choice]:
    return [(label.name, value_test(label)) if isinstance(label, Matcher) else (label, None) for label in labels]


def drop(labels: tuple[str | Matcher, ...]) -> Step:
    """Removes the named labels. With a matcher, a label is removed only if its value matches."""
    choices = _choices(labels)

    def step(state: State) -> bool:
        present = state.labels
        for name, test in choices:
            if name in present and (test is None or test(present[name])):
                del present[name]
                if name == ERROR:
                    present.pop(ERROR_DETAILS, None)
        return True

    return step


def keep(labels: tuple[str | Matcher, ...]) -> Step:
    """Removes all other labels except the error labels."""
    choices = _choices(labels)

    def step(state: State) -> bool:
        present = state.labels
        kept = {name: present[name] for name in _ALWAYS_KEPT if name in present}
        for name, test in choices:
            if name in present and (test is None or test(present[name])):
                kept[name] = present[name]
        state.labels = kept
        return True

    return step


def decolorize(state: State) -> bool:
    """Removes terminal colours from the line."""
    if "\x1b" in state.line or "\x9b" in state.line:
        state.line = _COLOUR.sub("", state.line)
    return True
