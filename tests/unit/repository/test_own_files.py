"""The repository contains only the project's own files and no copy of another project's file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.tracked import tracked
from stack.paths import ROOT

LICENCE = "LICENSE"
"""The text of the Apache License, under which the project is published."""
_FOLDERS = {"vendor", "vendored", "vendoring", "third_party", "thirdparty", "node_modules", "site-packages"}
_BUILT = re.compile(r"\.(min|esm|iife|umd)\.(js|css)$|\.(whl|jar|tgz|woff2?|ttf)$")
# The notice is matched at the beginning of a line or of a comment line, where files have it.
_NOTICE = re.compile(r"^[\s/*#<!-]*(copyright\s+(\(c\)|©|\d{4})|SPDX-FileCopyrightText:)", re.IGNORECASE | re.MULTILINE)
_HEAD_CHARACTERS = 2_000


def is_copied(path: str, head: str) -> bool:
    """Return whether the name or a copyright notice at the beginning shows a file of another project."""
    return bool(_FOLDERS & set(Path(path).parts[:-1]) or _BUILT.search(path) or _NOTICE.search(head))


def head(path: str) -> str:
    """Return the beginning of a file as text, without bytes that cannot be decoded."""
    return (ROOT / path).read_bytes()[:_HEAD_CHARACTERS].decode(errors="ignore")


def test_no_file_of_another_project_is_committed() -> None:
    """No file of another project is committed.

    Such files come from locked packages at set-up; `docs/decisions/0051-no-third-party-files.md` describes how.
    """
    assert [path for path in tracked() if path != LICENCE and is_copied(path, head(path))] == []


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("console/static/vendor/uPlot.js", ""),
        ("console/static/js/uPlot.esm.js", ""),
        ("tests/browser/axe.min.js", ""),
        ("console/plot.js", "/**\n* Copyright (c) 2025, Leon Sorokin\n"),
        ("stack/main.go", "// Copyright 2025 The Jaeger Authors\n"),
        ("shop/one.py", "# SPDX-FileCopyrightText: 2021 A. Person\n"),
    ],
)
def test_a_copied_file_is_noticed(path: str, head: str) -> None:
    """A copied file is recognised by its folder, its name or its copyright notice."""
    assert is_copied(path, head)
