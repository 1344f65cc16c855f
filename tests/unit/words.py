"""The project's text files, and the names that were replaced in them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from deploy.tracked import tracked

REPLACED = {
    r"\bsaboteur": "fault agent",
    r"(?<!work)(?<!work[-_\s])(?<!correct )(?<!wait_for_)(?<!is_)horses?(?![a-z]|_pid)": "work horse or forked worker",
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

IN_IDENTIFIERS = {
    r"(?<![a-z])(told|tells?|telling)(?![a-z])": "notified, logged, reported, shows, returns",
    r"(?<![a-z])(nobody|nobodys|somebody|whoever|whomever)(?![a-z])": "no_client, caller, user",
    r"(?<![a-z])(anew|noughts?|dear(er|est|ly)?|whence)(?![a-z])": "again, zeros, expensive",
    r"in_vain|for_want_of|(be|is|are|was)_had(?![a-z])": "without_success, without, available",
    r"(?<![a-z])mend(s|ed|ing)?(?![a-z])": "clear (a fault), recover (a service), fix (code)",
}
"""Patterns of names in Python code. The same words in prose are found by the rules of ``deploy/prose``."""

METHOD_OF_FILES = "tell"

BINARY = {".png", ".gz", ".woff2", ".ico"}
# This list, its test, and measured figures that are older than the change.
EXCEPT = {"tests/unit/words.py", "tests/unit/test_words.py", "lab/bench/results.json"}


def text_files() -> list[str]:
    """Return the paths of the text files of the repository."""
    return [path for path in tracked() if path not in EXCEPT and Path(path).suffix not in BINARY]


def occurrences(path: str, text: str) -> Iterator[str]:
    """Yield each replaced name in a file, with its line and the current name."""
    for pattern, now in REPLACED.items():
        for found in re.finditer(pattern, text, re.IGNORECASE | re.MULTILINE):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{path}:{line}: {found[0]!r}; now: {now}"
    if path.endswith(".py"):
        yield from in_identifiers(path, text)


def in_identifiers(path: str, text: str) -> Iterator[str]:
    """Yield each name of Python code that contains a word of IN_IDENTIFIERS."""
    patterns = {re.compile(pattern, re.IGNORECASE): now for pattern, now in IN_IDENTIFIERS.items()}
    if not any(pattern.search(text) for pattern in patterns):
        return
    for each in tokenize.generate_tokens(io.StringIO(text).readline):
        if each.type == tokenize.NAME and each.string != METHOD_OF_FILES:
            for pattern, now in patterns.items():
                if pattern.search(each.string):
                    yield f"{path}:{each.start[0]}: {each.string!r}; now: {now}"
