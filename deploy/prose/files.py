"""The files that are checked, and the extraction of their prose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tokenize import TokenError

from yaml import YAMLError

from deploy.prose import config, markup, python, script
from deploy.prose.text import Span, only, without_excepted

Extractor = Callable[[str], Iterable[Span]]


class UnreadableError(Exception):
    """A file is not in the language that its suffix indicates, or not in UTF-8."""


EXTRACTORS: Mapping[str, Extractor] = {
    ".py": python.spans,
    ".yaml": config.yaml_file,
    ".yml": config.yaml_file,
    ".html": markup.spans,
    ".svg": markup.spans,
    ".xml": markup.spans,
    ".jmx": markup.spans,
    ".js": script.javascript,
    ".mjs": script.javascript,
    ".go": script.javascript,
    ".groovy": script.javascript,
    ".lark": script.javascript,
    ".css": script.css,
    ".sh": config.shell,
    ".toml": config.shell,
    ".tmpl": config.go_template,
    "Makefile": config.shell,
    "Dockerfile": config.shell,
    "run": config.shell,
    ".conf": config.comments,
    ".ini": config.comments,
    ".template": config.comments,
    ".properties": config.comments,
    ".in": config.comments,
    ".txt": config.comments,
    ".env": config.comments,
    ".npmrc": config.comments,
    ".gitignore": config.comments,
    ".dockerignore": config.comments,
    ".gitattributes": config.comments,
}
"""Extractors by suffix, or by name for a file without one. Markdown is the only type that Vale reads directly."""

NO_PROSE = {
    ".json",  # data, and dashboards written by grafana/generate
    ".sum",
    ".mod",  # comments of the modules' authors
    ".sha256",
    ".typed",
    ".gitkeep",
    "webhook_url",
    "LICENSE",
    ".png",
    ".ico",
    ".gz",
    ".woff2",
}

EXCEPT = ("deploy/prose/styles/", "tests/unit/prose/")
"""The rules, and the tests of the rules with sentences that they must reject."""


def kind(path: str) -> str:
    """The suffix, or the whole name of a file without one: ``.py``, ``.gitignore``, ``Makefile``."""
    name = Path(path)
    return name.suffix or name.name


def unknown(paths: Iterable[str]) -> list[str]:
    """The paths of files that are neither checked nor listed as without prose."""
    known = {*EXTRACTORS, *NO_PROSE, ".md"}
    return [path for path in paths if kind(path) not in known]


def mirror(root: Path, paths: Iterable[str], goal: Path) -> None:
    """Write a copy of each file with prose that contains only its prose, on the same lines.

    The copies have the files' names and a suffix from which Vale detects the format: ``.txt``, unless it is Markdown.
    Raises UnreadableError.
    """
    for path in paths:
        if path.startswith(EXCEPT) or kind(path) in NO_PROSE:
            continue
        markdown = kind(path) == ".md"
        copy = goal / f"{path}{'' if markdown else '.txt'}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            text = (root / path).read_text(encoding="utf-8")
            copy.write_text(without_excepted(text, text) if markdown else only(text, EXTRACTORS[kind(path)](text)))
        except (SyntaxError, TokenError, UnicodeDecodeError, YAMLError) as error:
            raise UnreadableError(f"{path} cannot be read: {error}") from error
