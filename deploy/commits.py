"""``python -m deploy.commits``: check the subjects of new commits, which are ``area: imperative summary``.

A commit is new if it is after ``checked-after`` in pyproject.toml.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from stack.paths import ROOT

LONGEST = 72
_AREA = r"[a-z][a-z0-9_./-]*"
_SUBJECT = re.compile(rf"{_AREA}(?:, {_AREA})*: (?P<verb>\S+)(?: .*)?")
_OTHER_FORMS = re.compile(r"\w+(?:(?<!e)ed|ing|(?<![su])s)")
_IMPERATIVES = {"alias", "bring", "embed", "ping", "shed", "spring", "string", "swing"}
"""Verbs that end like another form."""


class HistoryError(Exception):
    """The commits since the recorded one cannot be listed."""


def problems(message: str) -> Iterator[str]:
    """Yield the problems of a commit message."""
    subject, _, rest = message.rstrip("\n").partition("\n")
    if len(subject) > LONGEST:
        yield f"the subject has {len(subject)} characters, at most {LONGEST} are allowed"
    if subject.endswith("."):
        yield "the subject ends with a full stop"
    if rest and not rest.startswith("\n"):
        yield "the line after the subject is not blank"
    found = _SUBJECT.fullmatch(subject)
    if not found:
        yield "the subject is not `area: summary`, with the area in lower case"
        return
    verb = found["verb"]
    if not verb[0].islower() or (_OTHER_FORMS.fullmatch(verb) and verb not in _IMPERATIVES):
        yield f"the summary does not begin with an imperative in lower case: {verb}"


def new_commits(root: Path, after: str) -> list[tuple[str, str]]:
    """Return hash and message of each commit after the given one, without merges.

    In a shallow clone that ends before that commit, these are all available commits. Raises HistoryError.
    """
    revisions = f"{after}..HEAD"
    if _git(root, "cat-file", "-e", f"{after}^{{commit}}").returncode:
        if _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() != "true":
            raise HistoryError(f"commit {after} of `checked-after` in pyproject.toml is not in this repository")
        revisions = "HEAD"
    done = _git(root, "log", "-z", "--no-show-signature", "--no-merges", "--format=%h%n%B", revisions)
    if done.returncode:
        raise HistoryError(f"git log failed: {done.stderr.strip()}")
    commits = [entry.partition("\n") for entry in done.stdout.split("\0") if entry]
    if revisions == "HEAD":
        sys.stderr.write(
            f"This clone is shallow: only the commits that it has ({len(commits)}) are checked. To check all new ones: "
            "git fetch --unshallow\n"
        )
    return [(short, message) for short, _, message in commits]


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A message may have any encoding.
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, encoding="utf-8", errors="replace", check=False
    )


def main(root: Path = ROOT) -> int:
    """Print each wrong commit with its problem; returns 1 if there is any, or if the history cannot be read."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    try:
        commits = new_commits(root, settings["tool"]["glasshouse"]["commits"]["checked-after"])
    except HistoryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    wrong = [
        f"{short} {message.partition(chr(10))[0]} → {problem}"
        for short, message in commits
        for problem in problems(message)
    ]
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
