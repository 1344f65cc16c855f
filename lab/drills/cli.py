"""The commands behind ``python -m lab.drills``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from lab.chaos.report import Progress
from lab.drills.gameday.day import play
from lab.drills.report.tables import rows, table
from lab.drills.report.words import clock, told
from lab.drills.run.completed import Memory
from lab.drills.run.interrupt import uninterrupted
from lab.drills.run.runner import Runner
from lab.drills.run.target import place, state_dir, world_of
from lab.drills.session import Session
from lab.drills.spec.model import Drill
from lab.drills.spec.reader import catalogue, chosen
from lab.drills.watch.timeline import Event
from lab.drills.watch.watcher import Watcher

Command = Callable[[argparse.Namespace], int]
WIDE = 200


def commands() -> Mapping[str, Command]:
    """By name."""
    return {"list": show_list, "check": check, "run": run, "gameday": gameday}


def screen() -> Console:
    """The terminal; where there is none, lines are not broken at 80 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def results_dir() -> Path:
    """Where runs are kept."""
    return state_dir() / "drills"


def show_list(_options: argparse.Namespace) -> int:
    """Every drill in a line."""
    done, console = Memory(results_dir()).results(), screen()
    for name, drill in catalogue().items():
        last = {True: "passed", False: "FAILED"}[done[name].passed] if name in done else ""
        page = drill.expect.page.alert if drill.expect.page else ", ".join(one.alert for one in drill.expect.tickets)
        console.print(f"{name:18} {page or 'nobody is told':24} {last:7} {drill.title}", soft_wrap=True)
    return 0


def check(_options: argparse.Namespace) -> int:
    """Whether each declaration is as it must be."""
    screen().print(f"{len(catalogue())} drills are declared as they must be.")
    return 0


def run(options: argparse.Namespace) -> int:
    """Drills, one after the other."""
    every = catalogue()
    wanted = [adjusted(drill, options) for drill in chosen(every, options.names)]
    memory, console = Memory(results_dir()), screen()
    if "all" in options.names and not options.again:
        left = memory.left([drill.name for drill in wanted])
        if len(left) < len(wanted):
            console.print(f"{len(wanted) - len(left)} of {len(wanted)} have passed already; --again does them too.")
        wanted = [drill for drill in wanted if drill.name in left]
    if not wanted:
        console.print("Nothing is left to do.")
        return 0
    session, progress = Session.under(results_dir()), Progress(console)
    try:
        with place(options.own, options.keep, options.here) as (instance, own):
            whose = "an instance of the drill's own" if own else f"the stack in {instance.state_dir}"
            console.print(f"{len(wanted)} drills on {whose}")
            world = world_of(instance)
            watcher = Watcher(world.observatory, world.clock, lambda event: tell(console, session, event))
            session.run(Runner(world, watcher, progress.say, uninterrupted), wanted)
    finally:
        progress.done()
        finish(console, session, "all" in options.names)
    return 0 if session.passed else 2 if session.failed else 1


def adjusted(drill: Drill, options: argparse.Namespace) -> Drill:
    """With what the command line says of it."""
    changes: dict[str, object] = {}
    if options.minutes is not None:
        changes["lasts"] = options.minutes * 60
    if options.users is not None:
        load = drill.load
        changes["load"] = load.model_copy(
            update={"reads": load.reads * options.users, "orders": load.orders * options.users}
        )
    return drill.model_copy(update=changes)


def tell(console: Console, session: Session, event: Event) -> None:
    """Print it and keep it. What the servers say is not taken for markup."""
    session.record(event)
    console.print(f"{clock(event.at)}  {told(event)}", markup=False, soft_wrap=True)


def finish(console: Console, session: Session, is_all: bool) -> None:
    """The table, what was wrong, where it is kept, how to go on."""
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
        wanted = [drill.name for drill in chosen(catalogue(), ["all"])]
        left = session.memory.left(wanted)
        if left:
            console.print(f"Left: {', '.join(left)}. Go on: make drill NAME=all", soft_wrap=True)


def gameday(options: argparse.Namespace) -> int:
    """The game."""
    return play(options, results_dir(), screen())
