"""Compile the stages of a query once into steps that are applied to each line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from log_gateway.evaluation import capture_stages, format_stages, json_stages, label_stages
from log_gateway.evaluation.label_filters import condition_step
from log_gateway.evaluation.line_filters import line_filter
from log_gateway.evaluation.logfmt_stage import logfmt
from log_gateway.evaluation.state import State, Step
from log_gateway.logql import ast
from log_gateway.source import Entry


def _step(stage: ast.Stage) -> Step:
    match stage:
        case ast.LineFilter():
            return line_filter(stage)
        case ast.LabelFilter(condition):
            return condition_step(condition)
        case ast.JsonParser(expressions):
            return json_stages.json_expressions(expressions) if expressions else json_stages.json_all
        case ast.LogfmtParser(expressions, strict, keep_empty):
            return logfmt(expressions, strict, keep_empty)
        case ast.RegexpParser(pattern):
            return capture_stages.regexp(pattern)
        case ast.PatternParser(pattern):
            return capture_stages.pattern(pattern)
        case ast.LineFormat(template):
            return format_stages.line_format(template)
        case ast.LabelFormat(assignments):
            return format_stages.label_format(assignments)
        case _:
            return _small_step(stage)


def _small_step(stage: ast.Stage) -> Step:
    match stage:
        case ast.UnpackParser():
            return json_stages.unpack
        case ast.Decolorize():
            return label_stages.decolorize
        case ast.Drop(labels):
            return label_stages.drop(labels)
        case ast.Keep(labels):
            return label_stages.keep(labels)
        case _:
            raise TypeError(f"unknown stage: {stage!r}")


def compile_pipeline(stages: Sequence[ast.Stage]) -> Callable[[Entry], State | None]:
    """Return a function that maps an entry to its line and labels after all stages, or None if a stage drops it."""
    steps = [_step(stage) for stage in stages]
    if not steps:
        return State

    def process(entry: Entry) -> State | None:
        state = State(entry)
        for step in steps:
            if not step(state):
                return None
        return state

    return process
