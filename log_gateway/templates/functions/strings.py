"""String functions. Capitalised functions take arguments in Go's order, the others in pipeline order."""

from __future__ import annotations

import re

from log_gateway.errors import QueryError
from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.functions.function import Function, at_least, exactly
from log_gateway.templates.values import text, truth, whole
from log_gateway.values.regex import compiled

_LONGEST = 1_000_000
_WORD_START = re.compile(r"(?<![\w'’])[^\W\d_]")
_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)
_BLANK = " \t\n\v\f\r\x85\xa0"


def _bounded(length: int) -> None:
    if length > _LONGEST:
        raise TemplateFailed(f"the text would be longer than {_LONGEST} characters")


def _replace(value: object, old: object, new: object, count: object) -> str:
    return text(value).replace(text(old), text(new), max(-1, whole(count)))


def _trimmed(value: str, letters: str, left: bool = True, right: bool = True) -> str:
    if not letters:
        return value
    value = value.lstrip(letters) if left else value
    return value.rstrip(letters) if right else value


def _trunc(count: object, value: object) -> str:
    number, line = whole(count), text(value)
    if number < 0:
        return line[number:] if len(line) + number > 0 else line
    return line[:number]


def _substr(start: object, end: object, value: object) -> str:
    first, last, line = whole(start), whole(end), text(value)
    first, last = min(first, len(line)), min(last, len(line))
    if first < 0:
        return "" if last < 0 else line[:last]
    if last < 0:
        return line[first:]
    return line[first:last]


def _repeat(count: object, value: object) -> str:
    number, line = whole(count), text(value)
    if number < 0:
        raise TemplateFailed("repeat: negative count")
    _bounded(number * len(line))
    return line * number


def _indent(count: object, value: object) -> str:
    number, line = whole(count), text(value)
    if number < 0:
        raise TemplateFailed("indent: negative count")
    _bounded((line.count("\n") + 1) * number + len(line))
    return " " * number + line.replace("\n", "\n" + " " * number)


def _align(count: object, value: object, right: bool) -> str:
    width, line = whole(count), text(value)
    if width < 0:
        return line
    _bounded(width)
    if width >= len(line):
        return line.rjust(width) if right else line.ljust(width)
    return line[len(line) - width :] if right else line[:width]


def _replace_all(pattern: object, value: object, replacement: object, literal: bool) -> str:
    try:
        expression = compiled(text(pattern))
    except QueryError as error:
        raise TemplateFailed(str(error)) from error
    new = text(replacement)
    if literal or "$" not in new:
        return str(expression.sub(lambda _: new, text(value)))

    def expanded(match: re.Match[str]) -> str:
        def group(reference: re.Match[str]) -> str:
            if reference[0] == "$$":
                return "$"
            name = reference[1] or reference[2]
            if name.isdecimal():
                return (match.group(int(name)) or "") if int(name) <= expression.groups else ""
            index = expression.groupindex.get(name)
            return (match.group(index) or "") if index else ""

        return _REFERENCE.sub(group, new)

    return str(expression.sub(expanded, text(value)))


def _count(pattern: object, value: object) -> int:
    try:
        return sum(1 for _ in compiled(text(pattern)).finditer(text(value)))
    except QueryError as error:
        raise TemplateFailed(str(error)) from error


def _default(fallback: object, *given: object) -> object:
    return given[0] if given and truth(given[0]) else fallback


def _title(value: object) -> str:
    return _WORD_START.sub(lambda match: match[0].upper(), text(value))


def _lower(value: object) -> str:
    return text(value).lower()


def _upper(value: object) -> str:
    return text(value).upper()


STRINGS: dict[str, Function] = {
    "ToLower": exactly(1, _lower),
    "ToUpper": exactly(1, _upper),
    "lower": exactly(1, _lower),
    "upper": exactly(1, _upper),
    "title": exactly(1, _title),
    "Replace": exactly(4, _replace),
    "replace": exactly(3, lambda old, new, value: _replace(value, old, new, -1)),
    "Trim": exactly(2, lambda value, letters: _trimmed(text(value), text(letters))),
    "TrimLeft": exactly(2, lambda value, letters: _trimmed(text(value), text(letters), right=False)),
    "TrimRight": exactly(2, lambda value, letters: _trimmed(text(value), text(letters), left=False)),
    "TrimPrefix": exactly(2, lambda value, prefix: text(value).removeprefix(text(prefix))),
    "TrimSuffix": exactly(2, lambda value, suffix: text(value).removesuffix(text(suffix))),
    "TrimSpace": exactly(1, lambda value: text(value).strip(_BLANK)),
    "trim": exactly(1, lambda value: text(value).strip(_BLANK)),
    "trimAll": exactly(2, lambda letters, value: _trimmed(text(value), text(letters))),
    "trimPrefix": exactly(2, lambda prefix, value: text(value).removeprefix(text(prefix))),
    "trimSuffix": exactly(2, lambda suffix, value: text(value).removesuffix(text(suffix))),
    "trunc": exactly(2, _trunc),
    "substr": exactly(3, _substr),
    "contains": exactly(2, lambda part, value: text(part) in text(value)),
    "hasPrefix": exactly(2, lambda prefix, value: text(value).startswith(text(prefix))),
    "hasSuffix": exactly(2, lambda suffix, value: text(value).endswith(text(suffix))),
    "repeat": exactly(2, _repeat),
    "indent": exactly(2, _indent),
    "nindent": exactly(2, lambda count, value: "\n" + _indent(count, value)),
    "alignLeft": exactly(2, lambda count, value: _align(count, value, right=False)),
    "alignRight": exactly(2, lambda count, value: _align(count, value, right=True)),
    "regexReplaceAll": exactly(3, lambda pattern, value, new: _replace_all(pattern, value, new, literal=False)),
    "regexReplaceAllLiteral": exactly(3, lambda pattern, value, new: _replace_all(pattern, value, new, literal=True)),
    "count": exactly(2, _count),
    "default": at_least(1, _default),
}
