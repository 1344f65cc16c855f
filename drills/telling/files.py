"""The files of a run: report.md, result.json, and a timeline for each drill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from drills.running.result import Result
from drills.telling.picture import draw
from drills.telling.tables import markdown


def write_all(directory: Path, results: Sequence[Result], late: Sequence[str], failed: Sequence[str]) -> None:
    """Write them all anew."""
    directory.mkdir(parents=True, exist_ok=True)
    content = {
        "passed": all(one.passed for one in results) and not late and not failed,
        "drills": [one.as_json() for one in results],
        "late_pages": list(late),
        "failed": list(failed),
    }
    (directory / "result.json").write_text(json.dumps(content, indent=1) + "\n")
    (directory / "report.md").write_text(markdown(results, late, failed))
    for result in results:
        (directory / f"timeline-{result.name}.svg").write_text(draw(result))
