"""The queries of queries/*.yaml with their expected results.

Times have the format of lines.yaml. Defaults: start 00:00, end 60:00, direction forward, limit 1000.

    at          the time of an instant query; without it, the query is a range query
    lines       the ids of the lines in their order; each has the labels of its stream and its metadata
      add       additional labels by id
      less      missing labels by id
      text      the changed text by id
    streams     pairs of all labels and the ids of the lines, in their order
    matrix      pairs of labels and {time: value}
    vector      pairs of labels and the value; with `ordered: true` the order counts
    scalar      the value
    error       status, `says`: part of the reason, `syntax: true`: not LogQL, and the reason has a position
    why         the reason for an expectation that is not obvious
    not_on_loki how Loki deviates from its documentation; the query is not run there

Expected results are derived from the lines and from Loki's documentation, never from a server's response.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.logql import lines

FOLDER = Path(__file__).parent / "queries"
RESULTS = ("lines", "streams", "matrix", "vector", "scalar", "error")
PARAMETERS = {"start", "end", "at", "step", "limit", "direction"}
EXPECTING = {*RESULTS, "add", "less", "text", "ordered"}
KEYS = {"query", "why", "not_on_loki", *PARAMETERS, *EXPECTING}

Labels = tuple[tuple[str, str], ...]
Streams = dict[Labels, list[tuple[int, str]]]
"""Labels and their lines as (nanoseconds after the base, text)."""


@dataclass(frozen=True)
class Case:
    """A query. ``given`` is the entry in the file. ``kind`` is the key of its expected result."""

    name: str
    query: str
    kind: str
    given: Mapping[str, Any]

    @property
    def refused(self) -> bool:
        """Whether 400 is expected."""
        return self.kind == "error"

    @property
    def syntax_error(self) -> bool:
        """Whether the grammar alone rejects the text."""
        return self.refused and bool(self.given["error"].get("syntax"))

    @property
    def backward(self) -> bool:
        """Whether the newest line is first."""
        return bool(self.given.get("direction") == "backward")

    def entries(self) -> Iterator[tuple[list[lines.Line], dict[str, str] | None]]:
        """Yield the expected lines in their order, with their labels if they are given."""
        known = lines.load()
        if self.kind == "lines":
            yield [known[name] for name in self.given["lines"]], None
        for labels, names in self.given.get("streams", ()):
            yield [known[name] for name in names], labels

    def streams(self) -> Streams:
        """Return the expected response of a log query."""
        found: Streams = {}
        for expected, explicit in self.entries():
            for line in expected:
                labels = key(self._labels_of(line) if explicit is None else explicit)
                text = self.given.get("text", {}).get(line.id, line.text)
                found.setdefault(labels, []).append((line.after, text))
        return found

    def _labels_of(self, line: lines.Line) -> dict[str, str]:
        less = self.given.get("less", {}).get(line.id, ())
        kept = {name: value for name, value in line.labels.items() if name not in less}
        return {**kept, **self.given.get("add", {}).get(line.id, {})}


def key(labels: Mapping[str, str]) -> Labels:
    """Return the labels in a comparable form."""
    return tuple(sorted(labels.items()))


@cache
def load() -> tuple[Case, ...]:
    """Return every case, named by its file and its position in the file."""
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        for place, given in enumerate(yaml.safe_load(file.read_text()), 1):
            kinds = [kind for kind in RESULTS if kind in given]
            assert len(kinds) == 1, f"{file.name}: {given} has not exactly one of {RESULTS}"
            assert set(given) <= KEYS, f"{file.name}: unknown {set(given) - KEYS}"
            found.append(Case(f"{file.stem}-{place}", given["query"], kinds[0], given))
    return tuple(found)
