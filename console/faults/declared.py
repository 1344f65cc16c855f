"""The drills that can be run from the page: the declarations in ``lab/drills/scenarios``."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from console.faults.drill_files import Declared

_NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")

log = logging.getLogger(__name__)


class DrillCatalogue:
    """Reads ``<directory>/<name>.yaml``; without a directory, drills can only be viewed."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    @property
    def can_run(self) -> bool:
        """Whether drills can be run from the page in this installation."""
        return self._directory is not None

    def names(self) -> frozenset[str]:
        """Return the names of the drills that can be run."""
        return frozenset(path.stem for path in self._files())

    def all(self) -> list[dict[str, Any]]:
        """Return the name, title, lesson, expected alerts with limits (seconds), and the fault's minimum duration."""
        return [one for path in self._files() if (one := _read(path)) is not None]

    def _files(self) -> list[Path]:
        found = self._directory.glob("*.yaml") if self._directory else ()
        return sorted(path for path in found if _NAME.fullmatch(path.stem))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        declared = Declared.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
        log.error("the drill %s cannot be read: %s", path.name, " ".join(str(error).split()))
        return None
    expect = declared.expect
    notified = [("page", expect.page)] if expect.page else []
    notified += [("ticket", one) for one in expect.tickets]
    return {
        "name": path.stem,
        "title": declared.title,
        "lesson": declared.lesson,
        "lasts": declared.lasts,
        "notified": [{"severity": severity, "alert": one.alert, "within": one.within} for severity, one in notified],
    }
