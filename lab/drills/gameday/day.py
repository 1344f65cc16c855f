"""``make gameday``: inject a hidden fault, let the player find it, clear it, and write a postmortem draft."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from lab.drills.gameday.match import CAUSES, GIVE_UP, HELP, HINT, Match, candidates, hidden
from lab.drills.gameday.player import Listed, Player, Typing
from lab.drills.gameday.postmortem import draft
from lab.drills.interfaces import World
from lab.drills.report.picture import draw
from lab.drills.report.words import clock, event_line
from lab.drills.run.interrupt import uninterrupted
from lab.drills.run.result import Result
from lab.drills.run.runner import Runner
from lab.drills.run.target import place, world_of
from lab.drills.session import Session
from lab.drills.spec.model import Drill
from lab.drills.spec.reader import UnknownDrill, scenarios
from lab.drills.watch.timeline import Event, Kind
from lab.drills.watch.watcher import Watcher

LONGEST_SECONDS = 900.0
UNNOTIFIED_SECONDS = 120.0
"""After this time, predefined answers are used even without a notification."""
BIG_SEED = 10_000


def play(options: argparse.Namespace, results: Path, console: Console) -> int:
    """Run a complete game. Returns 0 if the cause was found, 1 if not."""
    seed = options.seed if options.seed is not None else secrets.randbelow(BIG_SEED)
    choices = candidates(scenarios().values())
    names = {drill.name for drill in choices}
    if unknown := [answer for answer in options.answer if answer not in names | {HINT, GIVE_UP}]:
        raise UnknownDrill(
            f"{unknown[0]} is not a valid answer: use {HINT}, {GIVE_UP}, or one of {', '.join(sorted(names))}."
        )
    match = Match(hidden(choices, seed), choices, seed)
    session = Session.under(results)
    with place(options.own, options.keep) as (instance, _own):
        console.print(
            f"Game day, seed {seed}. A fault is injected within a minute. Use the console "
            f"({instance.url('console')}), the alerts, the logs and the traces. Time: {LONGEST_SECONDS / 60:.0f} min.\n"
            f"{HELP} `{CAUSES}` lists the possible causes.",
            markup=False,
        )
        game = Game(world_of(instance), match, session, lambda text: console.print(text, markup=False))
        result = game.play(options.answer)
    keep(session.directory, result, match)
    console.print(f"\n{said(match)}\nPostmortem draft to complete: {session.directory}/postmortem.md")
    return 0 if match.solved_after is not None else 1


@dataclass(frozen=True)
class Game:
    """One game on one stack."""

    world: World
    match: Match
    session: Session
    say: Callable[[str], None]

    def play(self, answers: list[str]) -> Result:
        """Play until the player finds the fault or gives up, or the time is up. Raises ``RunFailed``."""
        watcher = Watcher(self.world.observatory, self.world.clock, self._show)
        player: Player = Listed(answers, lambda: _may_answer(watcher, self.world)) if answers else Typing(sys.stdin)
        runner = Runner(self.world, watcher, self._stage, uninterrupted)
        return runner.run(for_game(self.match.drill), lambda age: self._turn(player, age))

    def _turn(self, player: Player, age: float) -> bool:
        while not self.match.is_over and (line := player.line()) is not None:
            self.say(self.match.hear(line, round(age, 1)))
        if not self.match.is_over and age >= LONGEST_SECONDS:
            self.say("The time is up. " + self.match.hear(GIVE_UP, round(age, 1)))
        return self.match.is_over

    def _show(self, event: Event) -> None:
        # The fault is hidden, also because the console shows these events.
        shown = replace(event, text="hidden fault") if event.kind is Kind.BROKEN and not self.match.is_over else event
        self.session.record(shown)
        self.say(f"{clock(shown.at)}  {event_line(shown)}")

    def _stage(self, text: str) -> None:
        # Only the runner's stages before and after the fault: the alerts that it waits for would reveal the cause.
        if self.match.is_over or text.startswith("waiting"):
            self.say(text)


def for_game(drill: Drill) -> Drill:
    """Return the drill with the duration of the game."""
    return drill.model_copy(update={"lasts": LONGEST_SECONDS, "after": 0.0})


def said(match: Match) -> str:
    """Return the score as a sentence."""
    taken = f"{match.count('hint')} hints, {match.count('wrong')} wrong answers"
    if match.solved_after is None:
        return f"0 of 100 points: not found ({taken}). It was {match.drill.name}."
    return f"{match.points} of 100 points: {match.drill.name} found after {match.solved_after:.0f} s ({taken})."


def keep(directory: Path, result: Result, match: Match) -> None:
    """Write the postmortem, the timeline as a picture, and the result as JSON."""
    content = {"passed": match.solved_after is not None, "game": match.as_json(), "drills": [result.as_json()]}
    (directory / "result.json").write_text(json.dumps(content, indent=1) + "\n")
    (directory / "postmortem.md").write_text(draft(match.drill, result, match))
    (directory / f"timeline-{result.name}.svg").write_text(draw(result))


def _may_answer(watcher: Watcher, world: World) -> bool:
    broken = [event.at for event in watcher.timeline.events if event.kind is Kind.BROKEN]
    if not broken:
        return False
    is_notified = any(event.kind is Kind.NOTIFIED and event.at >= broken[0] for event in watcher.timeline.events)
    return is_notified or world.clock.now() - broken[0] >= UNNOTIFIED_SECONDS
