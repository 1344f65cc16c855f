"""The state of one game: the player's moves and the score. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.drills.spec.model import Drill

FULL, PER_HINT, PER_WRONG = 100, 10, 15
FREE_SECONDS, SECONDS_A_POINT = 60.0, 10.0
"""The first minute costs no points, because a page takes time to arrive; then every ten seconds cost one point."""
HINT, GIVE_UP, CAUSES = "hint", "give up", "causes"
HELP = f"Type the cause (its name or number), or: {HINT}, {CAUSES}, {GIVE_UP}."


def candidates(drills: Iterable[Drill]) -> list[Drill]:
    """Return the drills that a game may use, sorted by name."""
    return sorted((drill for drill in drills if drill.game and not drill.fault.nothing), key=lambda drill: drill.name)


def hidden(choices: Sequence[Drill], seed: int) -> Drill:
    """Select a drill; the same seed and catalogue select the same one."""
    return random.Random(seed).choice(choices)  # noqa: S311


@dataclass(frozen=True, slots=True)
class Move:
    """A move of the player; ``at`` is in seconds since the fault."""

    at: float
    kind: str
    """``hint``, ``wrong``, ``right`` or ``gave up``."""
    text: str = ""


@dataclass
class Match:
    """The current state of a game."""

    drill: Drill
    choices: Sequence[Drill]
    seed: int
    moves: list[Move] = field(default_factory=list)

    @property
    def solved_after(self) -> float | None:
        """Seconds from the fault to the correct answer; ``None`` without one."""
        return next((move.at for move in self.moves if move.kind == "right"), None)

    @property
    def is_over(self) -> bool:
        """Whether the player has named the cause or given up."""
        return bool(self.moves) and self.moves[-1].kind in ("right", "gave up")

    def count(self, kind: str) -> int:
        """Return the number of moves of a kind."""
        return sum(move.kind == kind for move in self.moves)

    @property
    def points(self) -> int:
        """The score from 0 to 100; 0 if the cause was not found."""
        if self.solved_after is None:
            return 0
        late = int(max(0.0, self.solved_after - FREE_SECONDS) / SECONDS_A_POINT)
        return max(1, FULL - PER_HINT * self.count("hint") - PER_WRONG * self.count("wrong") - late)

    def hear(self, line: str, at: float) -> str:
        """Process a line from the player and return the response."""
        said = " ".join(line.lower().split())
        if said in ("", "help", "?"):
            return HELP
        if said == CAUSES:
            return self.causes()
        if said == HINT:
            return self._hint(at)
        if said == GIVE_UP:
            self.moves.append(Move(at, "gave up"))
            return f"The cause was {self.drill.name}: {self.drill.title}."
        return self._answer(said, at)

    def causes(self) -> str:
        """Return a numbered list of the possible causes."""
        return "\n".join(f"{number:3} {drill.name:18} {drill.title}" for number, drill in enumerate(self.choices, 1))

    def as_json(self) -> Mapping[str, Any]:
        """Return the game for result.json."""
        return {
            "seed": self.seed,
            "points": self.points,
            "solved_after": self.solved_after,
            "hints": self.count("hint"),
            "wrong_answers": self.count("wrong"),
            "moves": [{"at": move.at, "kind": move.kind, "text": move.text} for move in self.moves],
        }

    def _hint(self, at: float) -> str:
        given = self.count("hint")
        if given >= len(self.drill.hints):
            return "There are no more hints."
        self.moves.append(Move(at, "hint", self.drill.hints[given]))
        return f"Hint {given + 1} of {len(self.drill.hints)}: {self.drill.hints[given]}"

    def _answer(self, said: str, at: float) -> str:
        names = [drill.name for drill in self.choices]
        name = names[int(said) - 1] if said.isdecimal() and 1 <= int(said) <= len(names) else said
        if name not in names:
            return f"{said[:60]} is not one of the causes. {HELP}"
        if name != self.drill.name:
            self.moves.append(Move(at, "wrong", name))
            return f"The cause is not {name}."
        self.moves.append(Move(at, "right", name))
        return f"Correct, after {at:.0f} s: {self.drill.title}."
