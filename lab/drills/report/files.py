"""The files of a run: report.md, a timeline for each drill, and result.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from lab.drills.report.picture import draw
from lab.drills.report.tables import markdown
from lab.drills.run.result import Result


def write_report(directory: Path, results: Sequence[Result], late: Sequence[str], failed: Sequence[str]) -> None:
    """Write ``report.md`` and its pictures."""
    (directory / "report.md").write_text(markdown(results, late, failed))
    for result in results:
        (directory / f"timeline-{result.name}.svg").write_text(draw(result))


def write_result(directory: Path, results: Sequence[Result], late: Sequence[str], failed: Sequence[str]) -> None:
    """Write ``result.json`` for programs."""
    content = {
        "passed": all(one.passed for one in results) and not late and not failed,
        "drills": [one.as_json() for one in results],
        "late_pages": list(late),
        "failed": list(failed),
    }
    (directory / "result.json").write_text(json.dumps(content, indent=1) + "\n")
