"""The project's text files, and the names that were replaced in them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

REPLACED = {
    r"\bsaboteur": "fault agent",
    r"\bmend(s|ed|ing)?\b": "clear (a fault), recover (a service), fix (code)",
    r"(?<!work)(?<!work[-_ ])(?<!correct )(?<!wait_for_)horses?(?![a-z]|_pid)": "work horse or forked worker",
    r"\bsteward": "target discovery",
    r"networks: \[.*\bdesk\b|^  desk:|`desk`": "the network published",
    r"shop_?door": "shop client",
    r"\bKind\.TOLD\b|\bclass Told\b|\btold_of\b": "notified",
    r"\bdrills[./](telling|judging|declaring|breaking|supervised|catalogue)\b": "report, verify, spec, inject",
    r"\bmake (mend|soak|steady|pictures|counts|growth|first-view)\b(?!-)": "see `make help`",
    r"\bobservability[./]carry\b": "fork report",
    r"\bhttp_late\b": "late spans",
    r"_ask_once_what_is_async": "nothing: it was removed",
    r"\bshop_orders_judged_total\b": "see docs/reference/dashboards.md",
}
"""Each pattern (any case) and the name that is used now."""

IN_FOLDERS = ("lab/", "faults/")
IN_CODE = {
    r"(?<![a-z])(told|tells?|telling)(?![a-z]|\(\))": "notified, logged, reported, shows, returns",
    r"(?<![a-z])(nobody|nobodys|somebody|whoever|whomever)(?![a-z])": "name who does it: no client, a caller",
    r"(?<![a-z])(anew|noughts?|dear(er|est|ly)?|whence)(?![a-z])": "again, zeros, expensive, from where",
    r"(?<![a-z])(in[ _]vain|for[ _]want[ _]of)(?![a-z])": "without success, without",
    r"\b(be|is|are|was) had\b": "available",
    r"_mend(s|ed|ing)?(?![a-z])": "clear (a fault), recover (a service), fix (code)",
}
"""Patterns that must not occur in Python files or in any file of ``lab/`` and ``faults/``.

They also match within identifiers. In other files, such as documents, they may be ordinary words. ``tell()`` is a
method of files.
"""

BINARY = {".png", ".gz", ".woff2", ".ico"}
# This list, its test, and documents that are older than the change: the log of decisions and measured figures.
EXCEPT = {"tests/unit/words.py", "tests/unit/test_words.py", "docs/decisions/README.md", "lab/bench/results.json"}


def tracked() -> list[str]:
    """Return the paths of the text files under version control."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [
        path
        for path in done.stdout.split("\0")
        if path and path not in EXCEPT and Path(path).suffix not in BINARY and (ROOT / path).is_file()
    ]


def occurrences(path: str, text: str) -> Iterator[str]:
    """Yield each replaced name in a file, with its line and the current name."""
    is_code = path.endswith(".py") or path.startswith(IN_FOLDERS)
    patterns = REPLACED | (IN_CODE if is_code else {})
    for pattern, now in patterns.items():
        for found in re.finditer(pattern, text, re.IGNORECASE | re.MULTILINE):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{path}:{line}: {found[0]!r}; now: {now}"
