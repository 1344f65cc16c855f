"""Label filters: absent labels, anchoring, units, and lines that carry an error."""

import pytest

from tests.unit.log_gateway.memory_source import lines_of, log, texts

LINES = lines_of(
    "n=1 user=ann status=200 took=15ms size=1KB",
    "n=2 user=Anna status=404 took=1.5s size=2KiB",
    "n=3 status=500 took=2m size=10",
    'n=4 user="" status=abc took=1d size=1XB',
    'n=5 user="a\\nb" status=5e2 ip=10.1.2.3',
)


def numbers(condition: str) -> list[int]:
    return [int(line[2]) for line in texts(f'{{app="a"}} | logfmt --keep-empty | {condition}', LINES)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('user="ann"', [1]),
        ('user="an"', []),
        ('user!="ann"', [2, 3, 4, 5]),
        ('user=""', [3, 4]),
        ('user!=""', [1, 2, 5]),
        ('user=~"an"', []),
        ('user=~"an+"', [1]),
        ('user=~"(?i)ANN"', [1]),
        ('user=~"ann|Anna"', [1, 2]),
        ('user!~"ann|Anna"', [3, 4, 5]),
        ('user=~".*"', [1, 2, 3, 4, 5]),
        ('user=~".+"', [1, 2, 5]),
        ('user!~".+"', [3, 4]),
        ('user=~"a.b"', [5]),
        ('nothing=""', [1, 2, 3, 4, 5]),
        ('nothing!="x"', [1, 2, 3, 4, 5]),
        ('nothing!~"x.*"', [1, 2, 3, 4, 5]),
        ('nothing="x"', []),
        ('status="200" or status="404"', [1, 2]),
        ('status=~"[24].." and user=~"A.*"', [2]),
        ('status=~"[24]..", user=~"A.*"', [2]),
        ('status="200" or status="404" and user="ann"', [1]),
        ('(status="200" or status="404") and user="ann"', [1]),
    ],
)
def test_text(condition: str, expected: list[int]) -> None:
    """Regular expressions match the whole value, and an absent label equals the empty value."""
    assert numbers(condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("status >= 404", [2, 3, 4, 5]),
        ("status = 500", [3, 4, 5]),
        ("status == 500", [3, 4, 5]),
        ("status != 500", [1, 2, 4]),
        ('status >= 404 | __error__=""', [2, 3, 5]),
        ('status > 0 | __error__="LabelFilterErr"', [4]),
        ("nothing > 0", []),
        ("nothing != 0", []),
        ("n > -1 and n < 3", [1, 2]),
        ("took > 1s", [2, 3, 4]),
        ('took >= 15ms | __error__=""', [1, 2, 3]),
        ('size > 1KB | __error__=""', [2]),
        ('size = 1KB | __error__=""', [1]),
        ('size < 1KiB | __error__=""', [1, 3]),
        ("n = 1 or n = 3", [1, 3]),
    ],
)
def test_numbers(condition: str, expected: list[int]) -> None:
    """A line without the label is dropped; a value that is not a number keeps the line and adds an error."""
    assert numbers(condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [('ip = ip("10.0.0.0/8")', [5]), ('ip != ip("10.0.0.0/8")', []), ('ip != ip("11.0.0.0/8")', [5])],
)
def test_addresses(condition: str, expected: list[int]) -> None:
    """A line without the label is dropped by both operators."""
    assert numbers(condition) == expected


def test_the_error_describes_the_failed_comparison() -> None:
    """The error describes the comparison that failed, and later numeric filters let the line pass."""
    ((_, labels),) = log('{app="a"} | logfmt | n = 4 | status > 1 | n = 7', LINES)
    assert labels["__error__"] == "LabelFilterErr"
    assert labels["__error_details__"] == 'strconv.ParseFloat: parsing "abc": invalid syntax'


@pytest.mark.parametrize("text", ["0x1p4", "16", "1.6e1", "+16", "1_6"])
def test_numbers_are_read_as_go_reads_them(text: str) -> None:
    """Numbers are parsed as in Go: hexadecimal with a binary exponent, signs, exponents and underscores."""
    assert texts('{app="a"} | logfmt | x = 16 | __error__=""', lines_of(f"x={text}")) == [f"x={text}"]


@pytest.mark.parametrize("text", ["१६", "0x10", "16s", "1e999"])
def test_what_go_does_not_read_is_an_error(text: str) -> None:
    """A value that Go cannot parse is an error.

    Examples are digits of other scripts, hexadecimal integers, units and values that are too large.
    """
    assert texts('{app="a"} | logfmt | x = 16 | __error__=""', lines_of(f"x={text}")) == []


def test_long_values_take_linear_time() -> None:
    """A value of 100,000 digits is compared in linear time."""
    source = lines_of("x=" + "9" * 100_000 + "q")
    assert len(texts('{app="a"} | logfmt | x > 1s or x > 1KB or x > 1', source)) == 1
