"""The mapping between labels of LogQL and fields of the store."""

from __future__ import annotations

import pytest

from log_gateway.store import names


@pytest.mark.parametrize(
    ("field", "label"), [("service.name", "service_name"), ("user-agent", "user_agent"), ("1st", "key_1st"), ("a", "a")]
)
def test_labels_of_fields(field: str, label: str) -> None:
    """Characters that are invalid in a label are replaced as in Loki."""
    assert names.label_of(field) == label


def test_a_label_stands_for_every_field_that_becomes_it() -> None:
    """A label stands for every field whose dots and hyphens become it.

    Special fields and fields that the receiver fills in have no label.
    """
    assert names.fields_of("service_name") == ("service_name", "service.name", "service-name")
    assert {"a_b_c", "a.b.c", "a_b.c", "a.b-c"} <= set(names.fields_of("a_b_c"))
    for label in ("_msg", "__error__", "severity_text", "a_b_c_d_e_f_g"):
        assert names.fields_of(label) == ()


@pytest.mark.parametrize("value", ["", "a", 'q"u\\o', "new\nline\ttab", "\x00\x1f\x7f", "über 日本 🦊", "{a=b},c"])
def test_quoting_comes_back(value: str) -> None:
    """Text that is quoted for the store is parsed back unchanged from the store's stream labels."""
    assert names.stream_labels(f'{{level={names.quoted(value)},"service.name"={names.quoted(value)}}}') == {
        "level": value,
        "service_name": value,
    }
