"""Line filters for text, regular expressions, patterns and addresses."""

from __future__ import annotations

from collections.abc import Callable

from log_gateway.evaluation.addresses import address_test
from log_gateway.evaluation.state import State, Step
from log_gateway.logql.ast import LineFilter
from log_gateway.logql.patterns import Part, filter_parts
from log_gateway.values.regex import line_test


def pattern_test(parts: tuple[Part, ...]) -> Callable[[str], bool]:
    """Return whether the whole line consists of the literals, with one or more characters for each ``<_>``."""
    ends_open = bool(parts) and not isinstance(parts[-1], str)

    def matches(line: str) -> bool:
        if not line or not parts:
            return not line and not parts
        end = 0
        for index, part in enumerate(parts):
            if isinstance(part, str):
                start = line.find(part, end)
                if start < 0 or (start == end) != (index == 0):
                    return False
                end = start + len(part)
        return (end < len(line)) == ends_open

    return matches


def _contains(text: str) -> Callable[[str], bool]:
    return lambda line: text in line


def _test(operator: str, text: str, is_ip: bool) -> Callable[[str], bool]:
    if is_ip:
        return address_test(text)
    if operator in ("|~", "!~"):
        return line_test(text)
    if operator in ("|>", "!>"):
        return pattern_test(filter_parts(text))
    return _contains(text)


def line_filter(stage: LineFilter) -> Step:
    """Keeps a line that contains one of the alternatives or, for negated filters, none of them."""
    tests = [_test(stage.operator, text, is_ip) for text, is_ip in zip(stage.alternatives, stage.ips, strict=True)]
    wanted = stage.operator[0] == "|"
    if len(tests) == 1:
        test = tests[0]
        return lambda state: test(state.line) is wanted

    def keeps(state: State) -> bool:
        line = state.line
        return any(test(line) for test in tests) is wanted

    return keeps
