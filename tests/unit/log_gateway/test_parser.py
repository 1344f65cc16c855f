"""The grammar of LogQL and the precedence of its operators."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log_gateway.logql import ast
from log_gateway.logql.parser import parse

MINUTE = 60 * 10**9


def stages(pipeline: str) -> tuple[ast.Stage, ...]:
    tree = parse('{app="a"} ' + pipeline)
    assert isinstance(tree, ast.LogQuery)
    return tree.stages


def condition(text: str) -> ast.LabelCondition:
    (stage,) = stages("| " + text)
    assert isinstance(stage, ast.LabelFilter)
    return stage.condition


def equals(name: str) -> ast.TextCondition:
    return ast.TextCondition(ast.Matcher(name, "=", "1"))


def test_a_selector_has_all_four_operators() -> None:
    """A selector supports four operators, keeps the order of its matchers and may end with a comma."""
    assert parse('{a="1", b!="2", c=~"3", d!~"4"}') == ast.LogQuery(
        ast.Selector(
            (
                ast.Matcher("a", "=", "1"),
                ast.Matcher("b", "!=", "2"),
                ast.Matcher("c", "=~", "3"),
                ast.Matcher("d", "!~", "4"),
            )
        )
    )


@pytest.mark.parametrize("name", ["json", "sum", "rate", "by", "offset", "duration", "ip", "or", "unwrap", "le"])
def test_a_keyword_can_be_a_label(name: str) -> None:
    """A label may have the name of a keyword where the keyword is not allowed."""
    assert parse(f'{{{name}="x"}}') == ast.LogQuery(ast.Selector((ast.Matcher(name, "=", "x"),)))


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"a\"b\\c\n\t"', 'a"b\\c\n\t'),
        (r'"\x41\101\u00e9\U0001F600"', "AAé😀"),
        ('`a\\n"b`', 'a\\n"b'),
        ('"`"', "`"),
        ('""', ""),
        ('"# no comment"', "# no comment"),
    ],
)
def test_strings_are_those_of_go(literal: str, value: str) -> None:
    """Double-quoted strings have Go's escapes, and backtick strings have none."""
    assert stages(f"|= {literal}") == (ast.LineFilter("|=", (value,), (False,)),)


def test_a_comment_ends_with_its_line() -> None:
    """Text from a # outside a string to the end of the line is ignored."""
    assert stages('|= "x" # | json\n # another\n | logfmt # end') == (
        ast.LineFilter("|=", ("x",), (False,)),
        ast.LogfmtParser(),
    )


def test_line_filters_have_alternatives_and_addresses() -> None:
    """Line filters support alternatives, which belong to the operator before them, and addresses."""
    assert stages('|= "a" or "b" !~ "c" |> "<_>d" !> "e" |= ip("10.0.0.0/8")') == (
        ast.LineFilter("|=", ("a", "b"), (False, False)),
        ast.LineFilter("!~", ("c",), (False,)),
        ast.LineFilter("|>", ("<_>d",), (False,)),
        ast.LineFilter("!>", ("e",), (False,)),
        ast.LineFilter("|=", ("10.0.0.0/8",), (True,)),
    )


def test_and_binds_closer_than_or() -> None:
    """`a or b and c` is parsed as `a or (b and c)`."""
    a, b, c = equals("a"), equals("b"), equals("c")
    assert condition('a="1" or b="1" and c="1"') == ast.OrCondition(a, ast.AndCondition(b, c))
    assert condition('a="1" and b="1" or c="1"') == ast.OrCondition(ast.AndCondition(a, b), c)
    assert condition('(a="1" or b="1") and c="1"') == ast.AndCondition(ast.OrCondition(a, b), c)


def test_comma_and_blank_mean_and() -> None:
    """A comma or a space means `and`, and the condition after it extends as far as possible."""
    a, b, c = equals("a"), equals("b"), equals("c")
    assert condition('a="1", b="1"') == condition('a="1" b="1"') == ast.AndCondition(a, b)
    assert condition('a="1", b="1" or c="1"') == ast.AndCondition(a, ast.OrCondition(b, c))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("> 5", "number", 5.0),
        ("== 1e3", "number", 1000.0),
        ("= -0.5", "number", -0.5),
        ("!= 0x10", "number", 16.0),
        (">= 1h30m", "duration", 5400.0),
        ("< 1.5ms", "duration", 0.0015),
        ("<= 20KB", "bytes", 20_000.0),
        ("> 1.5MiB", "bytes", 1_572_864.0),
        ("> 1B", "bytes", 1.0),
    ],
)
def test_numbers_have_units(text: str, kind: str, value: float) -> None:
    """Numbers may have units: durations are parsed to seconds, sizes to bytes."""
    operator = text.split()[0]
    assert condition(f"x {text}") == ast.NumberCondition("x", operator, kind, value)  # type: ignore[arg-type]


def test_parsers_and_formats() -> None:
    """Every stage that is not a filter is parsed."""
    assert stages(
        '| json | json a="b[0]", c | logfmt --strict --keep-empty a="b" | regexp "(?P<x>.)" | pattern "<x> <_>"'
        ' | unpack | decolorize | drop a, b="1" | keep c, d=~"2" | line_format "{{.a}}" | label_format a=b, c="{{.d}}"'
    ) == (
        ast.JsonParser(),
        ast.JsonParser((("a", "b[0]"), ("c", "c"))),
        ast.LogfmtParser((("a", "b"),), strict=True, keep_empty=True),
        ast.RegexpParser("(?P<x>.)"),
        ast.PatternParser("<x> <_>"),
        ast.UnpackParser(),
        ast.Decolorize(),
        ast.Drop(("a", ast.Matcher("b", "=", "1"))),
        ast.Keep(("c", ast.Matcher("d", "=~", "2"))),
        ast.LineFormat("{{.a}}"),
        ast.LabelFormat((("a", False, "b"), ("c", True, "{{.d}}"))),
    )


@pytest.mark.parametrize(
    ("duration", "nanoseconds"),
    [
        ("5m", 5 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("1.5h", 90 * MINUTE),
        ("1d", 1440 * MINUTE),
        ("1w", 7 * 1440 * MINUTE),
        ("100ms", 10**8),
        ("3us", 3000),
        ("7ns", 7),
    ],
)
def test_durations(duration: str, nanoseconds: int) -> None:
    """Durations are parsed in the notations of Go and Prometheus."""
    tree = parse(f'rate({{app="a"}}[{duration}])')
    assert isinstance(tree, ast.RangeAggregation)
    assert tree.range_ns == nanoseconds


def test_a_range_stands_before_or_after_the_pipeline() -> None:
    """A range before, after or in parentheses with the pipeline gives the same query."""
    wanted = parse('rate({app="a"} |= "x" [5m] offset 1h)')
    assert parse('rate({app="a"}[5m] offset 1h |= "x")') == wanted
    assert parse('rate(({app="a"} |= "x")[5m] offset 1h)') == wanted
    assert parse('rate(({app="a"} |= "x"[5m] offset 1h))') == wanted
    assert isinstance(wanted, ast.RangeAggregation)
    assert wanted.offset_ns == 60 * MINUTE


def test_an_offset_can_be_negative() -> None:
    """An offset can be negative and then refers to the future."""
    tree = parse('rate({app="a"}[5m] offset -10m)')
    assert isinstance(tree, ast.RangeAggregation)
    assert tree.offset_ns == -10 * MINUTE


def test_unwrap_with_conversion_and_filters() -> None:
    """`unwrap` supports conversions and filters, and its label may have the name of a conversion."""
    tree = parse('quantile_over_time(0.9, {app="a"} | unwrap duration(took) | __error__="" [5m]) by (path)')
    assert isinstance(tree, ast.RangeAggregation)
    error_free = ast.LabelFilter(ast.TextCondition(ast.Matcher("__error__", "=", "")))
    assert tree.unwrap == ast.Unwrap("took", "duration", (error_free,))
    assert tree.grouping == ast.Grouping(("path",))
    assert tree.parameter == 0.9
    plain = parse('sum_over_time({app="a"} | unwrap duration [5m])')
    assert isinstance(plain, ast.RangeAggregation)
    assert plain.unwrap == ast.Unwrap("duration")


def test_grouping_stands_before_or_after() -> None:
    """A grouping before or after the arguments gives the same aggregation, with a parameter too."""
    assert parse('topk by (a) (3, rate({app="a"}[5m]))') == parse('topk(3, rate({app="a"}[5m])) by (a)')
    tree = parse('sum without () (rate({app="a"}[5m]))')
    assert isinstance(tree, ast.VectorAggregation)
    assert tree.grouping == ast.Grouping((), without=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("8 / 4 / 2", 1),
        ("7 - 2 - 1", 4),
        ("-2 ^ 2", 4),
        ("7 % 4", 3),
        ("-7 % 4", -3),
        ("2 > 1", 1),
        ("1 > bool 2", 0),
        ("1 + 1 == 2", 1),
        ("- 3 + +4", 1),
        ("0x10 + .5", 16.5),
    ],
)
def test_numbers_are_calculated(text: str, value: float) -> None:
    """Numbers are calculated with Loki's precedence and associativity, and the result is a number."""
    assert parse(text) == ast.Number(value)


def test_sets_bind_weakest() -> None:
    """`or` has lower precedence than `and` and `unless`, which have lower precedence than comparisons."""
    a, b, c = ast.Vector(1), ast.Vector(2), ast.Vector(3)
    assert parse("vector(1) or vector(2) and vector(3)") == ast.BinaryOperation(
        "or", a, ast.BinaryOperation("and", b, c)
    )
    assert parse("vector(1) unless vector(2) > vector(3)") == ast.BinaryOperation(
        "unless", a, ast.BinaryOperation(">", b, c)
    )


def test_matching_of_labels() -> None:
    """Binary operations support `on` and `ignoring`, with `group_left` and `group_right`."""
    tree = parse("vector(1) / on (a, b) group_left (c) vector(2)")
    assert isinstance(tree, ast.BinaryOperation)
    assert tree.matching == ast.VectorMatching(("a", "b"), on=True, group="left", include=("c",))
    tree = parse("vector(1) >= bool ignoring (a) group_right vector(2)")
    assert isinstance(tree, ast.BinaryOperation)
    assert tree.bool_modifier
    assert tree.matching == ast.VectorMatching(("a",), on=False, group="right")


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_every_text_can_be_quoted(text: str) -> None:
    """Any text that is quoted with Go's escapes is parsed back unchanged."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert stages(f'|= "{escaped}"') == (ast.LineFilter("|=", (text,), (False,)),)
