"""The syntax tree of LogQL, as the parser builds it. Durations are in nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

MatchOperator = Literal["=", "!=", "=~", "!~"]
LineOperator = Literal["|=", "!=", "|~", "!~", "|>", "!>"]
Comparison = Literal["==", "=", "!=", ">", ">=", "<", "<="]


# --- log queries ---


@dataclass(frozen=True)
class Matcher:
    """``name OP "value"`` of a stream selector or a label filter. Regular expressions are anchored at both ends."""

    name: str
    operator: MatchOperator
    value: str


@dataclass(frozen=True)
class Selector:
    """``{a="b", c=~"d"}``."""

    matchers: tuple[Matcher, ...]


class Stage:
    """One stage of a pipeline."""


@dataclass(frozen=True)
class LineFilter(Stage):
    """``|= "a" or "b"``: with ``|=`` and ``|~`` one alternative must occur, with the negated operators none may.

    Regular expressions are not anchored. ``ips`` states for each alternative whether it was written as ``ip("…")``.
    """

    operator: LineOperator
    alternatives: tuple[str, ...]
    ips: tuple[bool, ...]


class LabelCondition:
    """The condition of a label filter."""


@dataclass(frozen=True)
class TextCondition(LabelCondition):
    """``label = "text"``; an absent label has the value ""."""

    matcher: Matcher


@dataclass(frozen=True)
class NumberCondition(LabelCondition):
    """``label > 5``, ``label >= 20ms``, ``label < 1KB``. ``value`` is in the kind's base unit.

    number: as written. duration: seconds. bytes: bytes.
    """

    label: str
    operator: Comparison
    kind: Literal["number", "duration", "bytes"]
    value: float


@dataclass(frozen=True)
class IpCondition(LabelCondition):
    """``label = ip("10.0.0.0/8")``."""

    label: str
    operator: Literal["=", "!="]
    pattern: str


@dataclass(frozen=True)
class AndCondition(LabelCondition):
    """``a and b``; also written with a comma or a blank."""

    left: LabelCondition
    right: LabelCondition


@dataclass(frozen=True)
class OrCondition(LabelCondition):
    """Either."""

    left: LabelCondition
    right: LabelCondition


@dataclass(frozen=True)
class LabelFilter(Stage):
    """``| status >= 500 and method = "GET"``."""

    condition: LabelCondition


@dataclass(frozen=True)
class JsonParser(Stage):
    """``| json`` (no expressions: every property) or ``| json first="servers[0]", …`` (label, path)."""

    expressions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LogfmtParser(Stage):
    """``| logfmt [--strict] [--keep-empty] [label="key", …]``."""

    expressions: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True)
class RegexpParser(Stage):
    """``| regexp "(?P<name>…)"``."""

    pattern: str


@dataclass(frozen=True)
class PatternParser(Stage):
    """``| pattern "<ip> - <_>"``."""

    pattern: str


@dataclass(frozen=True)
class UnpackParser(Stage):
    """``| unpack``."""


@dataclass(frozen=True)
class Decolorize(Stage):
    """``| decolorize``."""


@dataclass(frozen=True)
class Drop(Stage):
    """``| drop a, b="x"``; a matcher restricts it to that value."""

    labels: tuple[str | Matcher, ...]


@dataclass(frozen=True)
class Keep(Stage):
    """``| keep a, b="x"``."""

    labels: tuple[str | Matcher, ...]


@dataclass(frozen=True)
class LineFormat(Stage):
    """``| line_format "{{.a}}"``."""

    template: str


@dataclass(frozen=True)
class LabelFormat(Stage):
    """``| label_format new=old, other="{{.a}}"``: triples of the target, whether it is a template, and the source."""

    assignments: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True)
class LogQuery:
    """A stream selector with its pipeline."""

    selector: Selector
    stages: tuple[Stage, ...] = ()


# --- metric queries ---


@dataclass(frozen=True)
class Grouping:
    """``by (a, b)`` or ``without (a)``."""

    labels: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True)
class Unwrap:
    """``| unwrap [duration|duration_seconds|bytes](label)``, and the label filters after it."""

    label: str
    conversion: Literal["", "duration", "duration_seconds", "bytes"] = ""
    filters: tuple[LabelFilter, ...] = ()


@dataclass(frozen=True)
class RangeAggregation:
    """``rate({…} | … [5m] offset 1m)``. ``parameter`` is the quantile of ``quantile_over_time``."""

    function: str
    query: LogQuery
    range_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None
    grouping: Grouping | None = None
    parameter: float | None = None


@dataclass(frozen=True)
class VectorAggregation:
    """``sum by (a) (…)``, ``topk(3, …)``."""

    function: str
    inner: MetricExpression
    grouping: Grouping | None = None
    parameter: int | None = None


@dataclass(frozen=True)
class VectorMatching:
    """``on (a) group_left (b)``; without ``on`` or ``ignoring`` all labels are compared."""

    labels: tuple[str, ...] = ()
    on: bool = False
    group: Literal["", "left", "right"] = ""
    include: tuple[str, ...] = ()


@dataclass(frozen=True)
class BinaryOperation:
    """Arithmetic, a comparison or a set operation between two expressions."""

    operator: str
    left: MetricExpression
    right: MetricExpression
    bool_modifier: bool = False
    matching: VectorMatching = field(default_factory=VectorMatching)


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: float


@dataclass(frozen=True)
class Vector:
    """``vector(1)``."""

    value: float


@dataclass(frozen=True)
class LabelReplace:
    """``label_replace(v, "dst", "$1", "src", "regex")``."""

    inner: MetricExpression
    target: str
    replacement: str
    source: str
    pattern: str


MetricExpression = RangeAggregation | VectorAggregation | BinaryOperation | Number | Vector | LabelReplace
Expression = LogQuery | MetricExpression
