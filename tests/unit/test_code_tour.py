"""The files and functions that the code tour (docs/explanation/code-tour.md) names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "explanation" / "code-tour.md").read_text()
STOP = re.compile(
    r"^\| \[`(?P<file>[^`]+)`\]\(\.\./\.\./(?P<link>[^)]+)\) \| (?:`(?P<name>[^`]+)`)? ?\| .+\. \|$", re.M
)
STOPS = [match.groupdict() for match in STOP.finditer(TOUR)]


def names_in(node: ast.AST, prefix: str = "") -> set[str]:
    """Return the qualified names of classes and functions below a node: ``Class.method``, ``function.inner``."""
    found = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            found |= {prefix + child.name} | names_in(child, f"{prefix}{child.name}.")
    return found


def test_every_row_is_a_stop_of_the_tour() -> None:
    """Every row of the tour is parsed as a stop, so that no row escapes the checks below."""
    rows = [line for line in TOUR.splitlines() if line.startswith("| ") and not line.startswith(("| file |", "| -- |"))]
    assert len(rows) == len(STOPS) > 40
    assert TOUR.count("\n## ") == 3


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: f"{stop['file']}:{stop['name'] or ''}")
def test_the_file_and_the_function_exist(stop: dict[str, str | None]) -> None:
    """Every file and function of the tour exists, and the link leads to the file that is shown."""
    file, name = stop["file"], stop["name"]
    assert file is not None
    assert file == stop["link"]
    text = (ROOT / file).read_text()
    if name is not None:
        assert name in names_in(ast.parse(text)), f"{file} has no {name}"


def test_a_missing_function_is_noticed() -> None:
    """A function that does not exist is not among the names, so the check above can fail."""
    tree = ast.parse("class A:\n    def b(self):\n        def c(): ...\n")
    assert names_in(tree) == {"A", "A.b", "A.b.c"}
