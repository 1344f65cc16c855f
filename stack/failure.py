"""The reason why a component did not start, from its log and supervisord's."""

from __future__ import annotations

import re
from pathlib import Path

from stack import logline, render
from stack.components import Component
from stack.errors import Misconfigured, StartFailed
from stack.paths import StatePaths
from stack.supervisorconf import MISCONFIGURED

SHOWN_LINES = 5
LOG_END = 10_000


def failed(paths: StatePaths, component: Component, what: str) -> StartFailed:
    """Return the error, with the end of the component's log."""
    log = render.log_file(paths, component)
    lines = "\n".join(f"    {line}" for line in last_lines(log))
    return StartFailed(
        f"{component.name} {what}: fix it and run `make up` again; the other components run until `make down`. "
        f"End of its log ({log}):\n{lines}"
    )


def misconfigured(paths: StatePaths, component: Component) -> Misconfigured:
    """Return the error that the component reported: its last log line without the name before it."""
    lines = last_lines(render.log_file(paths, component)) or ["it reports no reason"]
    return Misconfigured([component.name], re.sub(r"^[\w.-]+: ", "", lines[-1]).rstrip("."))


def said_misconfigured(paths: StatePaths, name: str, since: int) -> bool:
    """Return whether the component exited with MISCONFIGURED, according to supervisord's log from ``since`` on."""
    with (paths.logs / "supervisord.log").open("rb") as file:
        file.seek(since)
        text = file.read().decode(errors="replace")
    return bool(re.search(rf"exited: {re.escape(name)} \(exit status {MISCONFIGURED};", text))


def last_lines(log: Path) -> list[str]:
    """Return the last lines of a log; for JSON lines, the message."""
    text = log.read_text(errors="replace")[-LOG_END:] if log.exists() else ""
    raws = [raw for raw in text.splitlines() if raw.strip()]
    lines = [logline.parse(log.stem, raw) for raw in raws[-SHOWN_LINES:]]
    return [line.message or line.raw for line in lines]
