"""The YAML that is written is read back as the same texts by a YAML parser."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from glasshouse_observability.monitoring import yaml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a: b", "a #b", "- a", "? a", "'", '"', "it's", "yes", "No", "null", "~", "1", "1.5", "0x1f", "1e3",
        "5m", "2026-11-28", "12:30:45", "{{ $value }}", "[a]", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a`", "a\nb",
        "a\n b", " a\nb", "\na", "a\n", "a\n\nb", "a\tb", "a\u2028b", "a\x85b", "\x00", "\ufeffa", "ä", "😀", "a ",
        "a\r\nb", "a\\nb",
        ".inf", "=", "<<", "---", "...", "true", "on", "a:b", "a,b", "up == 0\nand on () max(up) == 1",
    ],
)  # fmt: skip
def test_each_text_is_read_back(text: str) -> None:
    """Texts that a parser could read as another type, and those with special characters, keep their value."""
    value = {"a": text, "rules": [{"b": {"c": text}, "d": text}]}
    assert yaml.safe_load(yaml_text.dump(value)) == value


@given(TEXTS, TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False, min_value=0.001, max_value=1e9))
def test_any_text_is_read_back(key: str, text: str, number: int, fraction: float) -> None:
    """Any text is read back, as a key and as a value; numbers stay numbers."""
    value: dict[str, Any] = {f"k{key}": text, "n": number, "f": fraction, "empty": {}, "none": []}
    read = yaml.safe_load(yaml_text.dump({"groups": [value]}))["groups"][0]
    assert math.isclose(float(read.pop("f")), value.pop("f"))
    assert read == value


def test_expressions_of_several_lines_are_blocks() -> None:
    """An expression of several lines can be copied from the file as it is."""
    assert yaml_text.dump({"expr": 'a{b="c"}\n> 1'}) == 'expr: |-\n  a{b="c"}\n  > 1\n'


@pytest.mark.parametrize("value", [None, True, b"x", ["text"], [[]], object()])
def test_other_types_are_refused(value: object) -> None:
    """A value of an unexpected type is an error, not its ``repr`` in a rule file."""
    with pytest.raises(TypeError):
        yaml_text.dump({"a": value})
