"""Parse string literals: in double quotes with Go's escapes, or raw in backticks."""

from __future__ import annotations

import re

from log_gateway.errors import QueryError

_ESCAPE = re.compile(r"\\(?:([abfnrtv\\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)")
_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}


def unquote(literal: str, position: int) -> str:
    """Return the text of a literal that starts at ``position``. QueryError for an escape that Go does not have."""
    body = literal[1:-1]
    if literal[0] == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        return body
    out, end = bytearray(), 0
    for match in _ESCAPE.finditer(body):
        out += body[end : match.start()].encode()
        out += _escaped(match, position + 1 + match.start())
        end = match.end()
    out += body[end:].encode()
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise QueryError("the bytes of this string are not UTF-8: text cannot contain them", position) from None


def _escaped(match: re.Match[str], position: int) -> bytes:
    simple, hexadecimal, octal, short, long = match.groups()
    if simple:
        return bytes([_SIMPLE[simple]])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if octal and int(octal, 8) < 256:
        return bytes([int(octal, 8)])
    code = int(short or long or "110000", 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise QueryError(
            r"invalid escape: supported are \a \b \f \n \r \t \v \\ \" \ooo \xhh \uhhhh \Uhhhhhhhh", position
        )
    return chr(code).encode()
