"""The commands behind ``python -m lab.drills``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from lab.chaos.report import Progress
from lab.clients.running_stack import default_state_dir
from lab.drills.gameday.day import play
from lab.drills.report.tables import rows, table
from lab.drills.report.words import clock, event_line
from lab.drills.run.completed import Memory
from lab.drills.run.interrupt import uninterrupted
from lab.drills.run.runner import Runner
from lab.drills.run.target import place, world_of
from lab.drills.session import Session
from lab.drills.spec.model import Drill
from lab.drills.spec.reader import chosen, scenarios
from lab.drills.watch.timeline import Event
from lab.drills.watch.watcher import Watcher

Command = Callable[[argparse.Namespace], int]
WIDE = 200


def commands() -> Mapping[str, Command]:
    """Return the drills by name."""
    return {"list": show_list, "check": check, "run": run, "gameday": gameday}


def screen() -> Console:
    """Return a console. Without a terminal, lines are not wrapped at 80 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def results_dir() -> Path:
    """Return the folder in which runs are stored."""
    return default_state_dir() / "drills"


def show_list(_options: argparse.Namespace) -> int:
    """Print one line for every drill."""
    done, console = Memory(results_dir()).results(), screen()
    for name, drill in scenarios().items():
        last = {True: "passed", False: "FAILED"}[done[name].passed] if name in done else ""
        page = drill.expect.page.alert if drill.expect.page else ", ".join(one.alert for one in drill.expect.tickets)
        console.print(f"{name:18} {page or 'no notification':24} {last:7} {drill.title}", soft_wrap=True)
    return 0


def check(_options: argparse.Namespace) -> int:
    """Validate every scenario."""
    screen().print(f"{len(scenarios())} drills are valid.")
    return 0


def run(options: argparse.Namespace) -> int:
    """Run drills one after the other."""
    every = scenarios()
    wanted = [adjusted(drill, options) for drill in chosen(every, options.names)]
    memory, console = Memory(results_dir()), screen()
    if "all" in options.names and not options.again:
        left = memory.left([drill.name for drill in wanted])
        if len(left) < len(wanted):
            console.print(f"{len(wanted) - len(left)} of {len(wanted)} have already passed; --again repeats them.")
        wanted = [drill for drill in wanted if drill.name in left]
    if not wanted:
        console.print("All drills have passed.")
        return 0
    session, progress = Session.under(results_dir()), Progress(console)
    try:
        with place(options.own, options.keep, options.here) as (instance, own):
            whose = "a separate stack" if own else f"the stack in {instance.state_dir}"
            console.print(f"{len(wanted)} drills on {whose}")
            world = world_of(instance)
            watcher = Watcher(world.observatory, world.clock, lambda event: show_event(console, session, event))
            session.run(Runner(world, watcher, progress.say, uninterrupted), wanted)
    finally:
        progress.done()
        finish(console, session, "all" in options.names)
    return 0 if session.passed else 2 if session.failed else 1


def adjusted(drill: Drill, options: argparse.Namespace) -> Drill:
    """Return the drill with the changes from the command line."""
    changes: dict[str, object] = {}
    if options.minutes is not None:
        changes["lasts"] = options.minutes * 60
    if options.users is not None:
        load = drill.load
        changes["load"] = load.model_copy(
            update={"reads": load.reads * options.users, "orders": load.orders * options.users}
        )
    return drill.model_copy(update=changes)


def show_event(console: Console, session: Session, event: Event) -> None:
    """Print and record an event. Text from servers is not interpreted as markup."""
    session.record(event)
    console.print(f"{clock(event.at)}  {event_line(event)}", markup=False, soft_wrap=True)


def finish(console: Console, session: Session, is_all: bool) -> None:
    """Print the table, failed expectations, the result directory, and how to continue."""
    if session.results:
        if console.is_terminal and console.width < WIDE // 2:
            for row in rows(session.results):
                console.print(" · ".join(cell for cell in row if cell), markup=False)
        else:
            console.print(table(session.results))
    for result in session.results:
        for wrong in result.wrong:
            console.print(f"✘ {result.name}: {wrong}", markup=False, soft_wrap=True)
    for wrong in (*session.late, *session.failed):
        console.print(f"✘ {wrong}", markup=False, soft_wrap=True)
    if session.results:
        console.print(f"Kept: {session.directory}/report.md, result.json, timeline-*.svg", soft_wrap=True)
    if is_all:
        wanted = [drill.name for drill in chosen(scenarios(), ["all"])]
        left = session.memory.left(wanted)
        if left:
            console.print(f"Left: {', '.join(left)}. Continue: make drill NAME=all", soft_wrap=True)


def gameday(options: argparse.Namespace) -> int:
    """Run a game day."""
    return play(options, results_dir(), screen())
