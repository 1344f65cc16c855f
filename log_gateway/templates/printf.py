"""Implement Go's ``printf``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.values import go_float, kind_of, show

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d{1,6})?(?:\.(?P<precision>\d{0,6}))?(?P<verb>.)?", re.DOTALL)
_WIDEST = 10_000


def printf(layout: str, arguments: Sequence[object]) -> str:
    """Return the layout with its verbs replaced. As in Go, invalid verbs are printed as ``%!d(string=x)``."""
    values = list(arguments)

    def verb(match: re.Match[str]) -> str:
        if match["verb"] == "%":
            return "%"
        if match["verb"] is None:
            return "%!(NOVERB)"
        if match["verb"] in "*[":
            raise TemplateFailed("printf does not support * and indexes")
        return _formatted(match, values.pop(0)) if values else f"%!{match['verb']}(MISSING)"

    text = _VERB.sub(verb, layout)
    if values:
        text += "%!(EXTRA " + ", ".join(f"{kind_of(value)}={show(value)}" for value in values) + ")"
    return text


def _formatted(match: re.Match[str], value: object) -> str:
    flags, width = match["flags"], int(match["width"] or 0)
    precision = None if match["precision"] is None else int(match["precision"] or 0)
    if width > _WIDEST or (precision or 0) > _WIDEST:
        raise TemplateFailed(f"printf: a width over {_WIDEST} is not supported")
    text = _verb(match["verb"], value, precision, flags)
    if text is None:
        return f"%!{match['verb']}({kind_of(value)}={show(value)})"
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if numeric and "+" in flags and text[0] not in "+-":
        text = "+" + text
    elif numeric and " " in flags and text[0] not in "+-":
        text = " " + text
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and (numeric or isinstance(value, str)):
        sign = text[0] if numeric and text[0] in "+- " else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _verb(verb: str, value: object, precision: int | None, flags: str) -> str | None:
    if verb == "v":
        return go_float(value, precision) if isinstance(value, float) else show(value)
    if isinstance(value, bool):
        return show(value) if verb == "t" else None
    if isinstance(value, int):
        return _int(verb, value, flags)
    if isinstance(value, float):
        return _float(verb, value, precision)
    if isinstance(value, str):
        return _string(verb, value, precision)
    return show(value) if verb == "s" else None


def _int(verb: str, value: int, flags: str) -> str | None:
    if verb == "d":
        return str(value)
    if verb in "xXob":
        prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}[verb] if "#" in flags else ""
        return ("-" if value < 0 else "") + prefix + format(abs(value), verb)
    if verb in "cUq" and 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF:
        return {"c": chr(value), "U": f"U+{value:04X}", "q": f"'{chr(value)}'"}[verb]
    return None


def _float(verb: str, value: float, precision: int | None) -> str | None:
    if verb in "feEF":
        return go_float(value, precision, verb)
    if verb in "gG":
        text = go_float(value, precision)
        return text.upper() if verb == "G" else text
    return None


def _string(verb: str, value: str, precision: int | None) -> str | None:
    if verb == "s":
        return value if precision is None else value[:precision]
    if verb == "q":
        return json.dumps(value, ensure_ascii=False)
    if verb in "xX":
        text = value.encode("utf-8", "replace").hex()
        return text.upper() if verb == "X" else text
    return None
