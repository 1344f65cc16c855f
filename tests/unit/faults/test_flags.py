"""The flag file: flagd's format, and one writer at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from faults import flags
from faults.definitions import FAULTS
from faults.flags import BadFlagFile, Switched

ON = Switched(since=100, until=200, by="acc_1", parameters={"percent": 10, "instance": "api-1"})
ROOT = Path(__file__).parents[3]
# The part of https://flagd.dev/schema/v0/flags.json that our flags use: variants that are all objects, and rules with
# few operators.
FLAGD = {
    "type": "object",
    "required": ["flags"],
    "properties": {
        "flags": {"type": "object", "additionalProperties": {"$ref": "#/definitions/flag"}},
        "metadata": {"$ref": "#/definitions/metadata"},
    },
    "definitions": {
        "flag": {
            "type": "object",
            "required": ["state", "variants"],
            "additionalProperties": False,
            "properties": {
                "state": {"enum": ["ENABLED", "DISABLED"]},
                "variants": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "object"}},
                "defaultVariant": {"type": ["string", "null"]},
                "targeting": {"$ref": "#/definitions/rule"},
                "metadata": {"$ref": "#/definitions/metadata"},
            },
        },
        "metadata": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
        "rule": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {
                "var": {"type": "string", "pattern": r"^\$flagd\.(timestamp|flagKey)$|^(?!\$flagd\.).+"},
                "if": {"$ref": "#/definitions/arguments", "minItems": 3, "maxItems": 3},
                "and": {"$ref": "#/definitions/arguments"},
                "<": {"$ref": "#/definitions/arguments", "minItems": 2},
                "==": {"$ref": "#/definitions/arguments", "minItems": 2, "maxItems": 2},
            },
        },
        "arguments": {
            "type": "array",
            "minItems": 1,
            "items": {
                "anyOf": [{"$ref": "#/definitions/rule"}, {"type": ["string", "number", "boolean", "null"]}],
            },
        },
    },
}
SWITCH_MANY = """
import sys
from pathlib import Path
from faults import flags
from faults.definitions import FAULTS
from faults.flags import Switched
path, names = Path(sys.argv[1]), list(FAULTS)[int(sys.argv[2])::2]
for name in names * 20:
    flags.change(path, lambda every: every.pop(name, None))
    flags.change(path, lambda every: every.update({name: Switched(1, 2**31, sys.argv[2])}))
"""


def test_what_is_written_is_read() -> None:
    """Every field survives writing and reading, and faults that are off are left out."""
    switched = {"api-errors": ON, "queue-stall": Switched(1, 2, "acc_2")}
    assert flags.parse(flags.dump(switched)) == switched


@pytest.mark.parametrize("switched", [{}, {"api-errors": ON}, dict.fromkeys(FAULTS, ON)])
def test_the_file_is_in_flagds_form(switched: dict[str, Switched]) -> None:
    """The flags that we write are valid under flagd's own schema, so that any flagd can serve the file."""
    jsonschema.Draft202012Validator(FLAGD).validate(json.loads(flags.dump(switched)))


@pytest.mark.parametrize(
    "flag",
    [
        {"state": "MAYBE", "variants": {"on": {}}},
        {"state": "ENABLED", "variants": {"on": {}, "off": False}},
        {"state": "ENABLED", "variants": {"on": {}}, "metadata": {"by": {}}},
        {"state": "ENABLED", "variants": {"on": {}}, "targeting": {"iff": []}},
    ],
)
def test_the_form_refuses(flag: dict[str, object]) -> None:
    """The schema rejects invalid flags, so the test above can fail."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(FLAGD).validate({"flags": {"x": flag}})


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"flags": []}', '{"flags": {"api-errors": {"targeting": {}, "metadata": {"until": "x"}}}}']
)
def test_what_is_not_ours_is_refused(text: str) -> None:
    """A file that we did not write is rejected with the reason."""
    with pytest.raises(BadFlagFile):
        flags.parse(text)


def test_a_broken_file_is_replaced(path: Path) -> None:
    """Switching replaces a broken file, because it must work whatever the file contained before."""
    path.parent.mkdir()
    path.write_text("{ not json")
    flags.change(path, lambda every: every.update({"api-errors": ON}))
    assert flags.parse(path.read_text()) == {"api-errors": ON}


def test_two_processes_that_switch_at_once_lose_nothing(path: Path) -> None:
    """Two processes that switch faults at the same time lose no change.

    Each switches its own half of the faults off and on again; at the end all are on.
    """
    command = [sys.executable, "-c", SWITCH_MANY, str(path)]
    both = [subprocess.Popen([*command, str(half)], cwd=ROOT) for half in (0, 1)]
    while any(one.poll() is None for one in both):
        # A reader always gets a complete file.
        flags.parse(flags.text_of(path))
    assert [one.returncode for one in both] == [0, 0]
    found = flags.parse(path.read_text())
    assert {name: one.by for name, one in found.items()} == {name: str(i % 2) for i, name in enumerate(FAULTS)}
    assert all(one.until > time.time() for one in found.values())
