"""The runbooks that alerts link to: Markdown files, rendered as pages."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, render_template

from console.pages.markdown import rendered
from console.web.problems import problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def blueprint(directory: Path, prometheus: str = "") -> Blueprint:
    """Return ``/runbooks/<name>``, the page of ``<directory>/<name>.md``; its queries link to ``prometheus``."""
    runbooks = Blueprint("runbooks", __name__)

    @runbooks.get("/runbooks/<name>")
    def show(name: str) -> str | Response:
        """Return one runbook; a 404 response lists the available runbooks."""
        try:
            if not _NAME.fullmatch(name):
                raise FileNotFoundError(name)
            text = (directory / f"{name}.md").read_text(encoding="utf-8")
        except OSError:
            known = ", ".join(known_names(directory)) or "none"
            return problem(404, f"There is no such runbook. Available: {known}.")
        return render_template("runbook.html", name=name, text=rendered(text, prometheus), names=known_names(directory))

    @runbooks.get("/runbooks")
    def show_list() -> str:
        """List all runbooks."""
        return render_template("runbooks.html", names=known_names(directory))

    return runbooks


def known_names(directory: Path) -> list[str]:
    """Return the names of all runbooks, in order."""
    return sorted(path.stem for path in directory.glob("*.md"))
