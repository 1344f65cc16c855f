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
    """A matcher ``name OP "value"`` of a selector or a label filter. Regular expressions are anchored at both ends."""

    name: str
    operator: MatchOperator
    value: str


@dataclass(frozen=True)
class Selector:
    """A stream selector: ``{a="b", c=~"d"}``."""

    matchers: tuple[Matcher, ...]


class Stage:
    """One stage of a pipeline."""


@dataclass(frozen=True)
class LineFilter(Stage):
    """A line filter such as ``|= "a" or "b"``. ``|=`` and ``|~`` require one alternative; negated operators none.

    Regular expressions are not anchored. ``ips`` is true for each alternative written as ``ip("…")``.
    """

    operator: LineOperator
    alternatives: tuple[str, ...]
    ips: tuple[bool, ...]


class LabelCondition:
    """The condition of a label filter."""


@dataclass(frozen=True)
class TextCondition(LabelCondition):
    """The condition ``label = "text"``. An absent label has the value ""."""

    matcher: Matcher


@dataclass(frozen=True)
class NumberCondition(LabelCondition):
    """A comparison such as ``label > 5``, ``label >= 20ms`` or ``label < 1KB``. ``value`` is in the kind's base unit.

    number: as written. duration: seconds. bytes: bytes.
    """

    label: str
    operator: Comparison
    kind: Literal["number", "duration", "bytes"]
    value: float


@dataclass(frozen=True)
class IpCondition(LabelCondition):
    """The condition ``label = ip("10.0.0.0/8")``."""

    label: str
    operator: Literal["=", "!="]
    pattern: str


@dataclass(frozen=True)
class AndCondition(LabelCondition):
    """The condition ``a and b``, also written with a comma or a blank."""

    left: LabelCondition
    right: LabelCondition


@dataclass(frozen=True)
class OrCondition(LabelCondition):
    """The condition ``a or b``."""

    left: LabelCondition
    right: LabelCondition


@dataclass(frozen=True)
class LabelFilter(Stage):
    """A label filter stage: ``| status >= 500 and method = "GET"``."""

    condition: LabelCondition


@dataclass(frozen=True)
class JsonParser(Stage):
    """The stage ``| json`` (every property) or ``| json first="servers[0]", …`` (pairs of label and path)."""

    expressions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LogfmtParser(Stage):
    """The stage ``| logfmt [--strict] [--keep-empty] [label="key", …]``."""

    expressions: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True)
class RegexpParser(Stage):
    """The stage ``| regexp "(?P<name>…)"``."""

    pattern: str


@dataclass(frozen=True)
class PatternParser(Stage):
    """The stage ``| pattern "<ip> - <_>"``."""

    pattern: str


@dataclass(frozen=True)
class UnpackParser(Stage):
    """The stage ``| unpack``."""


@dataclass(frozen=True)
class Decolorize(Stage):
    """The stage ``| decolorize``."""


@dataclass(frozen=True)
class Drop(Stage):
    """The stage ``| drop a, b="x"``. A matcher restricts it to that value."""

    labels: tuple[str | Matcher, ...]


@dataclass(frozen=True)
class Keep(Stage):
    """The stage ``| keep a, b="x"``."""

    labels: tuple[str | Matcher, ...]


@dataclass(frozen=True)
class LineFormat(Stage):
    """The stage ``| line_format "{{.a}}"``."""

    template: str


@dataclass(frozen=True)
class LabelFormat(Stage):
    """``| label_format new=old, other="{{.a}}"`` as triples: target, whether it is a template, source."""

    assignments: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True)
class LogQuery:
    """A stream selector with its pipeline."""

    selector: Selector
    stages: tuple[Stage, ...] = ()


# --- metric queries ---


@dataclass(frozen=True)
class Grouping:
    """A grouping: ``by (a, b)`` or ``without (a)``."""

    labels: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True)
class Unwrap:
    """``| unwrap [duration|duration_seconds|bytes](label)`` and the label filters after it."""

    label: str
    conversion: Literal["", "duration", "duration_seconds", "bytes"] = ""
    filters: tuple[LabelFilter, ...] = ()


@dataclass(frozen=True)
class RangeAggregation:
    """A range aggregation: ``rate({…} | … [5m] offset 1m)``. ``parameter`` is ``quantile_over_time``'s quantile."""

    function: str
    query: LogQuery
    range_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None
    grouping: Grouping | None = None
    parameter: float | None = None


@dataclass(frozen=True)
class VectorAggregation:
    """A vector aggregation: ``sum by (a) (…)``, ``topk(3, …)``."""

    function: str
    inner: MetricExpression
    grouping: Grouping | None = None
    parameter: int | None = None


@dataclass(frozen=True)
class VectorMatching:
    """``on (a) group_left (b)``. Without ``on`` or ``ignoring``, all labels are compared."""

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
    """A number literal."""

    value: float


@dataclass(frozen=True)
class Vector:
    """The expression ``vector(1)``."""

    value: float


@dataclass(frozen=True)
class LabelReplace:
    """The expression ``label_replace(v, "dst", "$1", "src", "regex")``."""

    inner: MetricExpression
    target: str
    replacement: str
    source: str
    pattern: str


MetricExpression = RangeAggregation | VectorAggregation | BinaryOperation | Number | Vector | LabelReplace
Expression = LogQuery | MetricExpression
