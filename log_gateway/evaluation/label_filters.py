"""Label filters for text, numbers with units and addresses, and their combinations."""

from __future__ import annotations

from collections.abc import Callable

from log_gateway.evaluation.addresses import address_test
from log_gateway.evaluation.state import ERROR, State, Step
from log_gateway.logql import ast
from log_gateway.logql.arithmetic import COMPARISONS
from log_gateway.values.regex import label_test
from log_gateway.values.units import go_duration, go_float, size_in_bytes

_CONVERSIONS: dict[str, Callable[[str], float]] = {
    "number": go_float,
    "duration": go_duration,
    "bytes": size_in_bytes,
}


def value_test(matcher: ast.Matcher) -> Callable[[str], bool]:
    """Return whether a label's value satisfies the matcher. An absent label has the value ""."""
    wanted = matcher.value
    if matcher.operator == "=":
        return lambda value: value == wanted
    if matcher.operator == "!=":
        return lambda value: value != wanted
    test = label_test(wanted)
    if matcher.operator == "=~":
        return test
    return lambda value: not test(value)


def _text(condition: ast.TextCondition) -> Step:
    name, test = condition.matcher.name, value_test(condition.matcher)
    return lambda state: test(state.labels.get(name, ""))


def _number(condition: ast.NumberCondition) -> Step:
    name, limit = condition.label, condition.value
    compare = COMPARISONS["==" if condition.operator == "=" else condition.operator]
    convert = _CONVERSIONS[condition.kind]

    def keeps(state: State) -> bool:
        # As in Loki, only text filters check a line that carries an error. The other filters let it pass.
        if ERROR in state.labels:
            return True
        text = state.labels.get(name)
        if text is None:
            return False
        try:
            return compare(convert(text), limit)
        except ValueError as error:
            state.fail("LabelFilterErr", str(error))
            return True

    return keeps


def _ip(condition: ast.IpCondition) -> Step:
    name, test, wanted = condition.label, address_test(condition.pattern), condition.operator == "="

    def keeps(state: State) -> bool:
        if ERROR in state.labels:
            return True
        text = state.labels.get(name)
        return text is not None and test(text) is wanted

    return keeps


def _operands(condition: ast.LabelCondition, kind: type[ast.AndCondition] | type[ast.OrCondition]) -> list[Step]:
    """Return the operands of a chain of one operator from left to right. This avoids deep recursion on long chains."""
    found: list[Step] = []
    waiting = [condition]
    while waiting:
        current = waiting.pop()
        if isinstance(current, kind):
            waiting += [current.right, current.left]
        else:
            found.append(condition_step(current))
    return found


def condition_step(condition: ast.LabelCondition) -> Step:
    """Return the compiled condition."""
    match condition:
        case ast.TextCondition():
            return _text(condition)
        case ast.NumberCondition():
            return _number(condition)
        case ast.IpCondition():
            return _ip(condition)
        case ast.AndCondition():
            operands = _operands(condition, ast.AndCondition)
            return lambda state: all(operand(state) for operand in operands)
        case ast.OrCondition():
            operands = _operands(condition, ast.OrCondition)
            return lambda state: any(operand(state) for operand in operands)
        case _:
            raise TypeError(f"no label condition: {condition!r}")
