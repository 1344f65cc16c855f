"""Reader and validator of the scenarios in ``lab/drills/scenarios/*.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lab.drills.spec.model import Drill

SCENARIOS = Path(__file__).parents[1] / "scenarios"


class WrongDeclaration(Exception):
    """A drill's file is invalid; the message names the file, the position and the error."""


class UnknownDrill(Exception):
    """No drill has this name; the message lists the valid names."""


def read(path: Path) -> Drill:
    """Read one drill. Raises ``WrongDeclaration``."""
    try:
        content: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongDeclaration(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise WrongDeclaration(f"{path}: must be a mapping with title, lesson, fault, …")
    if "name" in content:
        raise WrongDeclaration(f"{path}: name: is taken from the file name, remove it")
    try:
        return Drill.model_validate({"name": path.stem, **content})
    except ValidationError as error:
        raise WrongDeclaration("\n".join(f"{path}: {line}" for line in _lines(error))) from error


def scenarios(directory: Path = SCENARIOS) -> dict[str, Drill]:
    """Read every drill by name, sorted. Raises ``WrongDeclaration`` with all errors of all files."""
    found: dict[str, Drill] = {}
    wrong: list[str] = []
    for path in sorted(directory.glob("*.yaml")):
        try:
            found[path.stem] = read(path)
        except WrongDeclaration as error:
            wrong.append(str(error))
    if wrong:
        raise WrongDeclaration("\n".join(wrong))
    return found


def chosen(drills: dict[str, Drill], names: Iterable[str]) -> list[Drill]:
    """Return the named drills in this order; ``all`` is every drill except false-alarms. Raises ``UnknownDrill``.

    With ``all``, drills with and without a page alternate: an incident mutes other alerts for a while after its end,
    and a drill that expects no page does not have to wait for that.
    """
    wanted: list[Drill] = []
    for name in names:
        if name == "all":
            wanted += [drill for drill in _alternating(drills.values()) if drill not in wanted]
        elif name == "quick":
            wanted += [drill for drill in drills.values() if drill.quick and drill not in wanted]
        elif name in drills:
            wanted.append(drills[name])
        else:
            raise UnknownDrill(f"there is no drill {name}: use all, quick, or one of {', '.join(drills)}.")
    return wanted


def _alternating(drills: Iterable[Drill]) -> list[Drill]:
    real = [drill for drill in drills if not drill.fault.nothing]
    pages = [drill for drill in real if drill.expect.page]
    others = [drill for drill in real if not drill.expect.page]
    pairs = zip_longest(pages, others)
    return [drill for pair in pairs for drill in pair if drill is not None]


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        said = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            said = "is not a valid key"
        elif one["type"] == "missing":
            said = "is missing"
        lines.append(f"{place}: {said}" if place else said)
    return lines
