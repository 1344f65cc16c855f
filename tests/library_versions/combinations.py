"""The combinations of package versions, and the Pythons that each is tested with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.newest.versions import pinned

PINS = Path(__file__).parent / "pins"
SHOWN = (
    "flask",
    "werkzeug",
    "gunicorn",
    "rq",
    "redis",
    "pymongo",
    "requests",
    "opentelemetry-sdk",
    "prometheus-client",
)
"""The packages in the table of the page; the files in ``pins/`` have all."""


@dataclass(frozen=True)
class Combination:
    """Exact versions of every package, in ``pins/<name>.txt``; its origin is ``pins/<name>.in``."""

    name: str
    what: str
    pythons: tuple[str, ...] = ("3.11",)

    @property
    def file(self) -> Path:
        """The file with the exact versions."""
        return PINS / f"{self.name}.txt"

    @property
    def wanted(self) -> Path:
        """The file with the versions that were chosen by hand."""
        return PINS / f"{self.name}.in"

    def versions(self) -> dict[str, str]:
        """Return the exact version of every package."""
        return pinned(self.file.read_text())


COMBINATIONS = {
    each.name: each
    for each in (
        Combination("old", "the oldest supported version of each package"),
        Combination("tutorial", "the versions of a popular Flask and RQ tutorial"),
        Combination("common", "the versions that applications use most today"),
        Combination("newest", "the newest version of each package", ("3.11", "3.12", "3.13", "3.14")),
    )
}


def chosen(name: str | None, python: str | None) -> list[tuple[Combination, str]]:
    """Return the combinations to test, each with a Python version.

    Args:
        name: only this combination; ``None``: all.
        python: only this Python. It is also used for a named combination that is not tested with it otherwise.
    """
    combinations = [COMBINATIONS[name]] if name else list(COMBINATIONS.values())
    if python and name:
        return [(combinations[0], python)]
    return [(each, one) for each in combinations for one in each.pythons if python in (None, one)]
