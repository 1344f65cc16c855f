"""The page of each integration of the library has all of its tables, and the tables are complete."""

from __future__ import annotations

import ast

import pytest

from deploy.library_docs.__main__ import PAGES, main
from deploy.library_docs.blocks import BEGIN, HEADS, LIBRARY, MODULES, SETTINGS, block, filled
from deploy.telemetry_docs import metrics
from deploy.telemetry_docs.page import library_schema, schema
from tests.unit.telemetry_docs.test_fields import named

INTEGRATIONS = ("flask", "rq", "mongo", "redis", "requests")


def required() -> list[str]:
    """Return the name of every block that is not empty."""
    found = [f"settings {name}" for name in SETTINGS]
    found += [f"metrics {name}" for name in MODULES]
    found += [f"{kind} {name}" for name, part in library_schema().items() for kind in part if kind in HEADS]
    return found


@pytest.mark.parametrize("name", required())
def test_a_page_has_each_table(name: str) -> None:
    """The table is on the page of its integration; that of ``telemetry`` is on the page of the settings."""
    integration = name.partition(" ")[2].replace("telemetry", "settings")
    text = (PAGES / f"{integration}.md").read_text()
    assert name in {found["name"] for found in BEGIN.finditer(text)}


def test_the_page_of_the_settings_has_all_of_them() -> None:
    """All variables are in one table."""
    assert "<!-- settings: begin -->" in (PAGES / "settings.md").read_text()


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_a_table_has_the_attributes_that_the_code_names(integration: str) -> None:
    """Each declared attribute that is a text in a module of the integration is in its table."""
    table = block(f"attributes {integration}")
    texts = {
        node.value
        for file, tree in metrics.sources()
        if file.startswith(tuple(LIBRARY + part for part in MODULES[integration]))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = texts & schema()["attributes"].keys()
    assert len(found) > 3
    assert {name for name in found if f"| `{name}` |" not in table} == set()


@pytest.mark.parametrize("integration", ["flask", "rq"])
def test_a_table_has_the_fields_that_the_code_names(integration: str) -> None:
    """Each field of a line of the integration is in its table, or in that of all lines."""
    tables = block(f"fields {integration}") + block("fields logs")
    fields = {
        field
        for file, tree in metrics.sources()
        if file.startswith(LIBRARY + integration)
        for field in named(tree)[0] & schema()["fields"].keys()
    }
    assert len(fields) > 3
    assert {field for field in fields if f"| `{field}` |" not in tables} == set()


def test_the_tables_are_current() -> None:
    """``make generate`` writes the tables."""
    assert main(["--check"]) == 0


def test_a_wrong_block_is_an_error() -> None:
    """A block without an end, and a block of an unknown name, are errors."""
    with pytest.raises(ValueError, match="no end of the block metrics flask"):
        filled("<!-- metrics flask: begin -->\n")
    with pytest.raises(ValueError, match="there is no block metrics nothing"):
        filled("<!-- metrics nothing: begin -->\n<!-- metrics nothing: end -->\n")
