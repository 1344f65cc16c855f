"""The table that ``status`` prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from stack import stragglers
from stack.instance import Instance
from stack.paths import ROOT
from stack.say import clock
from stack.status import Row

COLOURS = {"running": "green", "starting": "yellow", "building": "cyan", "backoff": "red", "fatal": "bold red"}
MB = 1024 * 1024


def show(instance: Instance, rows: Mapping[str, Row]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    # Full-width lines for `grep` and files; on a terminal, its width.
    console = Console() if sys.stdout.isatty() else Console(width=250)
    columns = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("component", "state", "pid", "port", "uptime", "memory", "log file"):
        right = heading in ("pid", "port", "uptime", "memory")
        fold = heading == "log file"
        columns.add_column(heading, justify="right" if right else "left", no_wrap=not fold, overflow="fold")
    for name, its in rows.items():
        colour = COLOURS.get(its.state, "dim")
        columns.add_row(name, f"[{colour}]{its.state}[/]", *cells(its))
    console.print(columns)
    for name, its in rows.items():
        if its.joining:
            console.print(f"{name}: {its.joining}")
    if instance.log_store.kind == "given":
        console.print(f"Logs are stored in the Loki at {instance.loki_url} (LOKI_URL).")
    total = sum(its.memory_bytes or 0 for its in rows.values()) + supervisor_memory(instance)
    running = sum(its.state == "running" for its in rows.values())
    console.print(
        f"{running} of {len(rows)} running, {total // MB} MB resident with supervisord; state in {instance.paths.state}"
    )
    if not running and (left := stragglers.find(instance.paths.state)):
        console.print(
            f"supervisord has exited, but {len(left)} processes of this instance run: use `make up` or `make down`."
        )


def cells(its: Row) -> tuple[str, ...]:
    """Return the row's numbers as text; a dash for a missing one."""
    log = Path(its.log)
    return (
        str(its.pid or "-"),
        str(its.port or "-"),
        clock(its.uptime_seconds) if its.uptime_seconds is not None else "-",
        f"{its.memory_bytes // MB} MB" if its.memory_bytes else "-",
        shown(log) if log.exists() else "-",
    )


def shown(path: Path) -> str:
    """Return the path, relative if it is in the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def supervisor_memory(instance: Instance) -> int:
    """Return the resident memory of supervisord itself, without the components, which are its children."""
    import psutil

    try:
        return int(psutil.Process(int((instance.paths.run / "supervisord.pid").read_text())).memory_info().rss)
    except (OSError, ValueError, psutil.Error):
        return 0
