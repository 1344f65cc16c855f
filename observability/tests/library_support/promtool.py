"""Prometheus's own check of rule files, and its tests of rules with input series."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def promtool(*arguments: object) -> str:
    """Run promtool and return its output; a failure is an assertion error with the output."""
    ran = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout + ran.stderr


def check_rules(folder: Path, rules: str) -> str:
    """Check the text of a rule file; return promtool's output."""
    (folder / "rules.yml").write_text(rules)
    return promtool("check", "rules", folder / "rules.yml")


def check_cases(folder: Path, rules: str, *cases: dict[str, Any], every: str = "30s") -> None:
    """Run cases in promtool's format on the text of a rule file, which is evaluated with this interval."""
    (folder / "rules.yml").write_text(rules)
    content = {"rule_files": ["rules.yml"], "evaluation_interval": every, "tests": list(cases)}
    # JSON is YAML.
    (folder / "cases.yml").write_text(json.dumps(content))
    promtool("test", "rules", folder / "cases.yml")
