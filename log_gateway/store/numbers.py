"""Mark decimal numbers so that VictoriaLogs keeps them unchanged.

VictoriaLogs 1.52 stores a column whose values all parse as decimal numbers as 64-bit floats, and does not return the
original text: ``1.10`` becomes ``1.1``, ``0.014366`` becomes ``0.014365999999999999``, ``1_000`` becomes
``1000``, and the address ``10.0.00.1`` becomes ``10.0.0.1`` (shown by
``tests/integration/log_gateway/test_numbers.py``). Loki returns text unchanged. The gateway therefore appends ``e0`` to
such a value. The store's comparisons treat it as the same number, but its columns do not store it as a decimal. The
gateway removes this mark when it reads. A value that already looks marked gets another mark.
"""

from __future__ import annotations

import re

MARK = "e0"
MARKED = r"^-?[0-9._]+(e0)+$"
"""A regular expression, in the store's syntax, for values stored with a mark."""

_NUMBER = re.compile(r"-?[0-9._]+(?:e0)*", re.ASCII)
_INTEGER = re.compile(r"-?[1-9][0-9]*|0", re.ASCII)
_OCTET = r"(?:0|[1-9][0-9]{0,2})"
_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_LONGEST = 64


def marked(text: str) -> str:
    """Return the text in the form to be stored."""
    return text + MARK if needs_mark(text) else text


def needs_mark(text: str) -> bool:
    """Return whether the store could change the text, or the text already looks marked."""
    return (
        0 < len(text) <= _LONGEST
        and _NUMBER.fullmatch(text) is not None
        and _INTEGER.fullmatch(text) is None
        and _ADDRESS.fullmatch(text) is None
    )


def unmarked(text: str) -> str:
    """Return the text in the form in which it was sent."""
    return text[:-2] if text.endswith(MARK) and _NUMBER.fullmatch(text) else text
