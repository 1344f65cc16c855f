"""The schema of telemetry lists the fields and attributes that the code names, also those of rare events."""

from __future__ import annotations

import ast
import re

from deploy.telemetry_docs import metrics
from deploy.telemetry_docs.page import schema
from faults.definitions import FAULTS
from tests.unit.telemetry_docs.test_schema import literals

LOGS = ("say", "_log_order", "guard.record")
"""Functions that log their keyword arguments as fields."""


def keys(node: ast.AST | None) -> set[str]:
    """Return the keys of a literal dictionary, also of those that are unpacked in it."""
    if isinstance(node, ast.DictComp):
        return literals(node.key)
    if not isinstance(node, ast.Dict):
        return set()
    entries = zip(node.keys, node.values, strict=True)
    return set().union(*(literals(key) if key else keys(value) for key, value in entries))


def named(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Return the log fields and the span attributes that a module names; ``*`` stands for any text."""
    fields, attributes = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and "event" in keys(node):
            fields |= keys(node)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("fields", "log_data"):
            fields |= literals(node.slice)
        if not isinstance(node, ast.Call):
            continue
        function, options = ast.unparse(node.func), {one.arg: one.value for one in node.keywords if one.arg}
        fields |= keys(options.get("extra"))
        if function in LOGS:
            fields |= options.keys()
        if function == "context.note":
            attributes |= literals(node.args[0])
            fields |= {name.replace(".", "_") for name in literals(node.args[0])}
        if function.endswith(".set_attribute"):
            attributes |= literals(node.args[0])
        if function.endswith((".set_attributes", ".add_event")):
            attributes |= keys(node.args[-1])
    return fields, attributes


def undeclared(found: dict[str, str], declared: dict[str, object]) -> dict[str, str]:
    """Return the names, with their files, that match no declared name."""
    return {
        name: file
        for name, file in found.items()
        if not any(re.fullmatch(re.escape(name).replace(r"\*", ".+"), one) for one in declared)
    }


def test_every_field_and_attribute_of_the_code_is_declared() -> None:
    """The schema declares each log field and span attribute that the code names in a literal."""
    every = [(file, *named(tree)) for file, tree in metrics.sources()]
    fields = {name: file for file, found, _ in every for name in found}
    attributes = {name: file for file, _, found in every for name in found}
    assert len(fields) > 45
    assert len(attributes) > 8
    assert undeclared(fields, schema()["fields"]) == {}
    assert undeclared(attributes, schema()["attributes"]) == {}


def test_the_parameters_of_faults_are_declared() -> None:
    """Each parameter of a fault has a declared field, and no declared field is a parameter that no fault has."""
    parameters = {f"fault_{name}" for fault in FAULTS.values() for name in fault.takes}
    of_requests = {"fault_injected", "fault_switched", "fault_action"}
    assert {name for name in schema()["fields"] if name.startswith("fault_")} == parameters | of_requests


def test_names_are_found_in_each_form() -> None:
    """Fields and attributes are found in dictionaries, keyword arguments, assignments and notes."""
    fields, attributes = named(
        ast.parse(
            'x = {"event": "a.b", "c": 1, **{f"d_{k}": v for k, v in y}}\nlog.info("", extra={"e": 1})\n'
            'guard.record("f.g", h=1)\nfields["i"] = 1\ncontext.note(f"j.{k}", 1)\n'
            'span.set_attribute("l.m", "v")\nspan.set_attributes({"n": 1})\nspan.add_event("o", {"p": 1})'
        )
    )
    assert fields == {"event", "c", "d_*", "e", "h", "i", "j_*"}
    assert attributes == {"j.*", "l.m", "n", "p"}
