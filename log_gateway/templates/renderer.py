"""Compile the nodes of a template into closures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from log_gateway.templates import nodes
from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.functions import FUNCTIONS
from log_gateway.templates.moments import Moment
from log_gateway.templates.values import kind_of, printed, truth

_LONGEST = 1_000_000


class Frame:
    """The state of a template while it is applied to one line, and its output so far."""

    __slots__ = ("dot", "line", "out", "size", "slots", "timestamp")

    def __init__(self, labels: Mapping[str, str], line: str, timestamp: int, slots: int) -> None:
        self.dot: object = labels
        self.line = line
        self.timestamp = timestamp
        self.slots: list[object] = [labels, *([None] * (slots - 1))]
        self.out: list[str] = []
        self.size = 0

    def write(self, text: str) -> None:
        """Append to the output. TemplateFailed if it becomes too long, which nested loops can cause."""
        self.size += len(text)
        if self.size > _LONGEST:
            raise TemplateFailed(f"the text would be longer than {_LONGEST} characters")
        self.out.append(text)


Evaluate = Callable[[Frame], object]
Write = Callable[[Frame], None]


def _field(base: Evaluate, names: tuple[str, ...]) -> Evaluate:
    def evaluate(frame: Frame) -> object:
        value = base(frame)
        for name in names:
            if isinstance(value, Mapping):
                # An absent label is "". An absent JSON property is nil.
                value = value.get(name, "" if value is frame.slots[0] else None)
            elif value is None:
                raise TemplateFailed(f"nil pointer evaluating interface {{}}.{name}")
            else:
                raise TemplateFailed(f"can't evaluate field {name} in type {kind_of(value)}")
        return value

    return evaluate


def _label(name: str) -> Evaluate:
    """Return a field of the dot, which is almost always the labels."""
    general = _field(lambda frame: frame.dot, (name,))

    def evaluate(frame: Frame) -> object:
        labels = frame.slots[0]
        if frame.dot is labels and isinstance(labels, dict):
            return labels.get(name, "")
        return general(frame)

    return evaluate


def _call(node: nodes.Call) -> Evaluate:
    arguments = [term(argument) for argument in node.arguments]
    if node.function == "__line__":
        return lambda frame: frame.line
    if node.function == "__timestamp__":
        return lambda frame: Moment(frame.timestamp)
    if node.function in ("and", "or"):
        return _lazy(arguments, wanted=node.function == "or")
    call = FUNCTIONS[node.function].call
    if len(arguments) == 1:
        only = arguments[0]
        return lambda frame: call(only(frame))
    return lambda frame: call(*[argument(frame) for argument in arguments])


def _lazy(arguments: Sequence[Evaluate], wanted: bool) -> Evaluate:
    """Return the first argument with the given truth value, or the last. Later arguments are not evaluated."""

    def evaluate(frame: Frame) -> object:
        value: object = None
        for argument in arguments:
            value = argument(frame)
            if truth(value) is wanted:
                break
        return value

    return evaluate


def term(node: nodes.Term) -> Evaluate:
    """Return a function that evaluates a term in a frame."""
    match node:
        case nodes.Literal(value):
            return lambda frame: value
        case nodes.Dot():
            return lambda frame: frame.dot
        case nodes.Variable(slot):
            return lambda frame: frame.slots[slot]
        case nodes.Field(nodes.Dot(), (name,)):
            return _label(name)
        case nodes.Field(base, names):
            return _field(term(base), names)
        case nodes.Call():
            return _call(node)
        case nodes.Assignment(slot, inner):
            evaluate = term(inner)

            def assign(frame: Frame) -> object:
                value = frame.slots[slot] = evaluate(frame)
                return value

            return assign


def _output(node: nodes.Output) -> Write:
    evaluate = term(node.value)
    if isinstance(node.value, nodes.Assignment):
        return lambda frame: void(evaluate(frame))
    return lambda frame: frame.write(printed(evaluate(frame)))


def void(value: object) -> None:
    """Discard a value."""


def _branch(node: nodes.Branch) -> Write:
    condition, body, otherwise = term(node.condition), block(node.body), block(node.otherwise)

    def write(frame: Frame) -> None:
        value = condition(frame)
        if not truth(value):
            otherwise(frame)
            return
        dot = frame.dot
        if node.sets_dot:
            frame.dot = value
        body(frame)
        frame.dot = dot

    return write


def _elements(value: object) -> list[tuple[object, object]]:
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted(value)]
    if value is None:
        return []
    raise TemplateFailed(f"range can't iterate over {kind_of(value)}")


def _loop(node: nodes.Loop) -> Write:
    evaluate, body, otherwise = term(node.value), block(node.body), block(node.otherwise)

    def write(frame: Frame) -> None:
        elements = _elements(evaluate(frame))
        if not elements:
            otherwise(frame)
            return
        dot = frame.dot
        for index, element in elements:
            frame.dot = element
            if node.index_slot is not None:
                frame.slots[node.index_slot] = index
            if node.element_slot is not None:
                frame.slots[node.element_slot] = element
            body(frame)
        frame.dot = dot

    return write


def _write(node: nodes.Node) -> Write:
    match node:
        case nodes.Text(text):
            return lambda frame: frame.write(text)
        case nodes.Output():
            return _output(node)
        case nodes.Branch():
            return _branch(node)
        case nodes.Loop():
            return _loop(node)


def block(parts: Sequence[nodes.Node]) -> Write:
    """Return a function that prints nodes one after another."""
    writers = [_write(part) for part in parts]

    def write(frame: Frame) -> None:
        for writer in writers:
            writer(frame)

    return write
