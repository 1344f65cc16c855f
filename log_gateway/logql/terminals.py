"""Descriptions of the grammar's terminals for error messages."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    "IDENTIFIER": "a label name",
    "STRING": "a string",
    "NUMBER": "a number",
    "DURATION": "a duration like 5m",
    "BYTES": "a size like 20KB",
    "FLAG": "--strict or --keep-empty",
    "RANGE_FUNCTION": "a range function like rate",
    "VECTOR_FUNCTION": "an aggregation like sum",
    "CONVERSION": "duration(), duration_seconds() or bytes()",
    "CMP_EQ": "'=='",
    "EQ": "'='",
    "NEQ": "'!='",
    "RE": "'=~'",
    "NRE": "'!~'",
    "LT": "'<'",
    "LTE": "'<='",
    "GT": "'>'",
    "GTE": "'>='",
    "PIPE_EXACT": "'|='",
    "PIPE_MATCH": "'|~'",
    "PIPE_PATTERN": "'|>'",
    "NOT_PATTERN": "'!>'",
    "ADD": "'+'",
    "SUB": "'-'",
    "MUL": "'*'",
    "DIV": "'/'",
    "MOD": "'%'",
    "POW": "'^'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "LBRACE": "a selector '{'",
    "RBRACE": "'}'",
    "VBAR": "'|'",
    "COMMA": "','",
    "$END": "the end of the query",
}


def in_words(terminals: Iterable[str]) -> str:
    """Return ``one of: …`` with sorted descriptions. Keywords are written as in LogQL."""
    words = sorted(_WORDS.get(name, name.lower()) for name in terminals if not name.startswith("__"))
    return f"one of: {', '.join(words)}" if words else "LogQL"
