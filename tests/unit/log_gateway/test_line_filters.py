"""Line filters, over lines with every kind of character."""

import pytest

from tests.unit.log_gateway.memory_source import lines_of, texts

HOSTILE = lines_of(
    'say "hi"', "back\\slash", "tick ` tock", "two\nlines", "größe 😀", "", "Error 500", "error 404", "a.b"
)


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        (r'|= "\"hi\""', ['say "hi"']),
        ('|= `"hi"`', ['say "hi"']),
        (r'|= "back\\slash"', ["back\\slash"]),
        ('|= "`"', ["tick ` tock"]),
        (r'|= "\n"', ["two\nlines"]),
        ('|= "größe"', ["größe 😀"]),
        (r'|= "\U0001F600"', ["größe 😀"]),
        ('|= "error"', ["error 404"]),
        ('|~ "(?i)error"', ["Error 500", "error 404"]),
        ('|~ "^error"', ["error 404"]),
        ('|~ "rror.[45]0"', ["Error 500", "error 404"]),
        ('|~ "two.lines"', []),
        ('|~ "(?s)two.lines"', ["two\nlines"]),
        ('|~ "^lines"', []),
        ('|~ "(?m)^lines"', ["two\nlines"]),
        ('|= "a.b"', ["a.b"]),
        ('|~ "^a.b$"', ["a.b"]),
        ('|~ "^$"', [""]),
        ('|= "Error" or "error"', ["Error 500", "error 404"]),
        ('|~ "^E" or "4$"', ["Error 500", "error 404"]),
        ('|~ "(?i)error" != "500"', ["error 404"]),
        ('|~ "(?i)error" != "500" or "404"', []),
        ('|~ "(?i)error" !~ "^E"', ["error 404"]),
        ('!= ""', []),
        ('!~ ""', []),
    ],
)
def test_text_and_expressions(pipeline: str, expected: list[str]) -> None:
    """Text is matched literally; regular expressions are unanchored and case-sensitive.

    A dot does not match a newline.
    """
    assert texts('{app="a"} ' + pipeline, HOSTILE) == expected


def test_the_empty_text_is_in_every_line() -> None:
    """The empty text matches every line, including the empty line."""
    assert len(texts('{app="a"} |= ""', HOSTILE)) == 9
    assert len(texts('{app="a"} |~ ""', HOSTILE)) == 9


PATTERNS = lines_of("GET /cart 200", "GET  200", "POST /cart 500 x", "")


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ('|> "GET <_> 200"', ["GET /cart 200"]),
        ('|> "<_> /cart <_>"', ["GET /cart 200", "POST /cart 500 x"]),
        ('|> "/cart"', []),
        ('|> "GET <_>"', ["GET /cart 200", "GET  200"]),
        ('|> ""', [""]),
        ('|> "<_>"', ["GET /cart 200", "GET  200", "POST /cart 500 x"]),
        ('!> "GET <_>"', ["POST /cart 500 x", ""]),
        ('|> "GET <_>" or "POST <_>"', ["GET /cart 200", "GET  200", "POST /cart 500 x"]),
        ('!> "GET <_>" or "POST <_>"', [""]),
    ],
)
def test_patterns_describe_whole_lines(pipeline: str, expected: list[str]) -> None:
    """A pattern matches the whole line, and a placeholder matches one or more characters."""
    assert texts('{app="a"} ' + pipeline, PATTERNS) == expected


ADDRESSES = lines_of("from 10.1.2.3:80", "from 192.168.0.7", "v6 2001:db8::1 ok", "10.1.2 and 1.2.3.4.5", "none")


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ('|= ip("10.1.2.3")', ["from 10.1.2.3:80"]),
        ('|= ip("10.0.0.0/8")', ["from 10.1.2.3:80"]),
        ('|= ip("192.168.0.1-192.168.0.9")', ["from 192.168.0.7"]),
        ('|= ip("2001:db8::/32")', ["v6 2001:db8::1 ok"]),
        ('|= ip("0.0.0.0/0")', ["from 10.1.2.3:80", "from 192.168.0.7"]),
        ('!= ip("10.0.0.0/8") |~ "from"', ["from 192.168.0.7"]),
        ('|= ip("10.1.2.3") or "none"', ["from 10.1.2.3:80", "none"]),
    ],
)
def test_addresses_are_found_in_lines(pipeline: str, expected: list[str]) -> None:
    """An address filter matches an address, a range or a network of either IP version."""
    assert texts('{app="a"} ' + pipeline, ADDRESSES) == expected
