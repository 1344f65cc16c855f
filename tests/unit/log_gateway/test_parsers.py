"""Parsers: the labels that they extract from a line."""

import pytest

from log_gateway.source import Entry
from tests.unit.log_gateway.memory_source import MemorySource, labels, lines_of, log

ERROR = {"__error__": "JSONParserErr"}


def parsed(stage: str, line: str) -> dict[str, str]:
    """Return the labels without the stream label and without error details."""
    found = labels(f'{{app="a"}} | {stage}', line)
    return {name: value for name, value in found.items() if name not in ("app", "__error_details__")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"a":"x","b":1,"c":1.50,"d":1e3,"e":true,"f":false}',
            {"a": "x", "b": "1", "c": "1.50", "d": "1e3", "e": "true", "f": "false"},
        ),
        ('{"a":null,"b":[1,2],"c":{}}', {}),
        ('{"a":{"b":{"c":"x"},"d":1}}', {"a_b_c": "x", "a_d": "1"}),
        ('{"a-b":1,"1c":2,"d e":3,"ü":4," f ":5}', {"a_b": "1", "_1c": "2", "d_e": "3", "_": "4", "f": "5"}),
        ('{"a":{"1-x":1}}', {"a_1_x": "1"}),
        ('{"a":"","b":" "}', {"a": "", "b": " "}),
        (r'{"a":"q\"\\\n\u00e9\ud83d\ude00"}', {"a": 'q"\\\né😀'}),
        (r'{"a":"\ud800"}', {"a": " "}),
        ('{"a":1,"a":2}', {"a": "2"}),
        ('{"app":"b"}', {"app_extracted": "b"}),
        ('  {"a":1} trailing', {"a": "1"}),
        ("{}", {}),
        ("plain", ERROR),
        ("", ERROR),
        ("[1]", ERROR),
        ('"x"', ERROR),
        ('{"a":1,"b":', {"a": "1"} | ERROR),
        ('{"a":NaN}', ERROR),
        ('{"a":"tab\there"}', {"a": "tab\there"}),
    ],
)
def test_json(line: str, expected: dict[str, str]) -> None:
    """`json` joins nested keys, skips arrays and null, sanitises names and keeps the spelling of numbers."""
    assert parsed("json", line) == expected


@pytest.mark.parametrize("depth", [200, 600, 900, 100_000])
def test_deep_json_is_an_error_of_the_line(depth: int) -> None:
    """JSON that is nested too deeply is an error of its line and does not stop the query."""
    assert parsed("json", '{"a":' * depth + "1" + "}" * depth)["__error__"] == "JSONParserErr"
    assert parsed("json", "[" * depth + "]" * depth)["__error__"] == "JSONParserErr"
    assert "x" in parsed('json x="a"', '{"a":' + "[" * 100 + "]" * 100 + "}")


NESTED = '{"a":{"b":[{"c":"x"},[1, 2]]},"d e":5,"n":null,"s":"q\\"t","t":true}'


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ('json x="a.b[0].c"', {"x": "x"}),
        ('json x="a.b[1]"', {"x": "[1, 2]"}),
        ('json x="a.b[1][1]"', {"x": "2"}),
        ('json x="a"', {"x": '{"b":[{"c":"x"},[1, 2]]}'}),
        (r'json x="[\"d e\"]"', {"x": "5"}),
        ('json x=`["a"]["b"][0]["c"]`', {"x": "x"}),
        ('json x="nope", y="a.b[9]", z="s.x"', {"x": "", "y": "", "z": ""}),
        ('json n, s, t="t"', {"n": "", "s": 'q"t', "t": "true"}),
        ('json app="t"', {"app_extracted": "true"}),
    ],
)
def test_json_expressions(stage: str, expected: dict[str, str]) -> None:
    """JSON expressions extract only the named values.

    Arrays and objects are returned as written, and absent values are empty.
    """
    assert parsed(stage, NESTED) == expected


def test_json_expressions_need_json() -> None:
    """A JSON expression on a line that is not JSON adds the error to the line."""
    assert parsed('json x="a"', "plain") == ERROR


@pytest.mark.parametrize(
    ("stage", "line", "expected"),
    [
        ("logfmt", 'a=1 b="x y" c=', {"a": "1", "b": "x y"}),
        ("logfmt --keep-empty", "a=1 c= d", {"a": "1", "c": "", "d": ""}),
        ("logfmt", r'a="q\"\\ \n\u00e9" b=é', {"a": 'q"\\ \né', "b": "é"}),
        ("logfmt", "a-b.c=1 2d=3", {"a_b_c": "1", "_2d": "3"}),
        ("logfmt", "a=1 a=2", {"a": "2"}),
        ("logfmt", "app=b", {"app_extracted": "b"}),
        ("logfmt", 'a=1=2 b="x"y c=3', {"c": "3"}),
        ("logfmt", 'a="no end', {}),
        ("logfmt --strict", "a=1 b=2=3 c=4", {"a": "1", "__error__": "LogfmtParserErr"}),
        ("logfmt --strict", "a=1 b", {"a": "1"}),
        ("logfmt", "just words", {}),
        ("logfmt", "", {}),
        ('logfmt x="a", b', "a=1 b=2 c=3", {"x": "1", "b": "2"}),
        ('logfmt x="nope"', "a=1", {"x": ""}),
        ('logfmt app="a"', "a=1", {"app_extracted": "1"}),
    ],
)
def test_logfmt(stage: str, line: str, expected: dict[str, str]) -> None:
    """`logfmt` skips malformed text unless it is strict, and keeps empty values only on request."""
    assert parsed(stage, line) == expected


@pytest.mark.parametrize(
    ("stage", "line", "expected"),
    [
        ('regexp "(?P<verb>[A-Z]+) (?P<path>/[a-z]*)"', "say GET /cart", {"verb": "GET", "path": "/cart"}),
        ('regexp "(?P<verb>[A-Z]+)"', "none", {}),
        ('regexp "(?P<x>a)|(?P<y>b)"', "b", {"x": "", "y": "b"}),
        ('regexp "(?P<app>.+)"', "é😀", {"app_extracted": "é😀"}),
        (
            'pattern `<ip> - <_> "<verb> <path>" <code>`',
            '1.2.3.4 - x "GET /a b" 200',
            {"ip": "1.2.3.4", "verb": "GET"} | {"path": "/a b", "code": "200"},
        ),
        ('pattern "[<level>] <rest>"', "x [info] y", {}),
        ('pattern "<a>=<b>;"', "k=v", {"a": "k", "b": "v"}),
        ('pattern "<a>|<b>|<c>"', "1|2", {"a": "1", "b": "2"}),
        ('pattern "<a> <b>"', " x", {"a": "", "b": "x"}),
        ('pattern "<a>"', "", {}),
    ],
)
def test_regexp_and_pattern(stage: str, line: str, expected: dict[str, str]) -> None:
    """A line that does not match `regexp` or `pattern` gets no label and no error."""
    assert parsed(stage, line) == expected


def test_unpack_restores_line_and_labels() -> None:
    """`unpack` restores the line from _entry and leaves a line that was not packed unchanged."""
    packed = lines_of('{"pod":"p1","n":5,"_entry":"the line"}', '{"pod":"p2"}', "plain")
    found = log('{app="a"} | unpack | drop __error_details__', packed)
    assert found == [
        ("the line", {"app": "a", "pod": "p1"}),
        ('{"pod":"p2"}', {"app": "a"}),
        ("plain", {"app": "a"} | ERROR),
    ]


def test_conflicts_of_three_sources() -> None:
    """The stream keeps its label; metadata and parsed labels of the same name get a suffix.

    Of these two the parsed label wins.
    """
    entry = Entry(1, "app=parsed user=parsed", {"app": "stream"}, {"app": "meta", "user": "meta"})
    source = MemorySource([entry])
    assert log('{app="stream"}', source)[0][1] == {"app": "stream", "app_extracted": "meta", "user": "meta"}
    assert log('{app="stream"} | logfmt', source)[0][1] == {
        "app": "stream",
        "app_extracted": "parsed",
        "user": "meta",
        "user_extracted": "parsed",
    }


def test_a_later_parser_replaces_an_earlier_ones_label() -> None:
    """A later parser replaces a label of an earlier parser for the same line."""
    found = labels('{app="a"} | regexp "(?P<x>.)" | pattern "<_>=<x>"', "k=v")
    assert found == {"app": "a", "x": "v"}
