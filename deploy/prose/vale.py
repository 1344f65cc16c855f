"""Execution of the pinned Vale build on the copies that contain only prose."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from stack import gobuild, modules
from stack.say import Say

CONFIG = Path(__file__).parent / "vale.ini"


class ValeError(Exception):
    """Vale did not run, or rejected its configuration or a rule."""


@dataclass(frozen=True, order=True)
class Finding:
    """One place that a rule rejects. ``message`` contains the suggested wording."""

    path: str
    line: int
    column: int
    rule: str
    match: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.match} → {self.message} ({self.rule})"


def program(say: Say) -> Path:
    """Return the path of Vale, built first if necessary. Raises ProgramError when that is not possible."""
    module = modules.making("vale")
    if not module.built():
        gobuild.build(module, say)
        gobuild.tidy()
    return module.home / "vale"


def check(vale: Path, folder: Path) -> list[Finding]:
    """Check every file in the folder. Paths are relative to it and lack the copies' suffix ``.txt``."""
    command = [str(vale), "--no-global", "--no-exit", f"--config={CONFIG}", "--output=JSON", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        found = None
    if done.returncode or done.stderr or found is None:
        raise ValeError(f"Vale failed with exit code {done.returncode}: {done.stdout}{done.stderr}")
    return sorted(
        Finding(
            path.removesuffix(".txt"),
            alert["Line"],
            alert["Span"][0],
            alert["Check"],
            " ".join(alert["Match"].split()),
            alert["Message"],
        )
        for path, alerts in found.items()
        for alert in alerts
    )


def totals(findings: list[Finding]) -> list[str]:
    """Return the number of findings by top-level folder and rule, as lines."""
    folders = Counter(finding.path.partition("/")[0] if "/" in finding.path else "." for finding in findings)
    rules = Counter(finding.rule for finding in findings)
    return [f"{count:6} {name}" for counts in (folders, rules) for name, count in counts.most_common()]
