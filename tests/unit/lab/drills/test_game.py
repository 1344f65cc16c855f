"""The game: the hidden fault, the points for an answer, and the report afterwards."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lab.drills.__main__ import main
from lab.drills.gameday.day import Game, keep, said
from lab.drills.gameday.match import GIVE_UP, HINT, Match, candidates, hidden
from lab.drills.gameday.player import Typing
from lab.drills.gameday.postmortem import draft
from lab.drills.run.result import Found, Happened, Result
from lab.drills.session import Session
from lab.drills.spec.model import Drill
from lab.drills.spec.reader import scenarios
from tests.unit.lab.drills.test_report import RESULT
from tests.unit.lab.drills.world import FakeWorld, Story, drill
from tests.waiting import wait_until

HINTS = ["Vague.", "Less vague.", "Plain."]
CHOICES = [
    drill(name=name, title=f"It is {name}", hints=HINTS) for name in ("api-errors", "mongo-pause", "redis-pause")
]


def match(name: str = "mongo-pause") -> Match:
    return Match(next(one for one in CHOICES if one.name == name), CHOICES, 7)


def test_the_same_seed_hides_the_same() -> None:
    """The same seed hides the same fault, in whatever order the drills were read; other seeds hide others."""
    choices = candidates(scenarios().values())
    reordered = candidates(reversed(list(scenarios().values())))
    assert [hidden(choices, seed).name for seed in range(30)] == [hidden(reordered, seed).name for seed in range(30)]
    assert len({hidden(choices, seed).name for seed in range(200)}) == len(choices)


def test_what_may_be_hidden() -> None:
    """Only drills that inject a fault and are not excluded from games can be hidden."""
    found = candidates([*CHOICES, drill(name="quiet", fault={"nothing": True}), drill(name="long", game=False)])
    assert [one.name for one in found] == ["api-errors", "mongo-pause", "redis-pause"]


@pytest.mark.parametrize(
    ("lines", "at", "points"),
    [
        (["mongo-pause"], 30, 100),
        (["mongo-pause"], 60, 100),
        (["mongo-pause"], 125, 94),
        (["2"], 30, 100),
        (["  MONGO-pause "], 30, 100),
        ([HINT, "mongo-pause"], 30, 90),
        (["api-errors", "redis-pause", "mongo-pause"], 30, 70),
        ([HINT, HINT, HINT, HINT, "mongo-pause"], 30, 70),
        (["api-errors"] * 7 + ["mongo-pause"], 30, 1),
        (["api-errors", GIVE_UP], 30, 0),
        (["something", "9", "help", "causes", "mongo-pause"], 30, 100),
    ],
)
def test_points(lines: Sequence[str], at: float, points: int) -> None:
    """Of 100 points, a hint costs 10, a wrong answer 15, and each ten seconds after the first minute 1."""
    game = match()
    for line in lines:
        game.hear(line, at)
    assert game.is_over
    assert game.points == points


def test_what_is_answered() -> None:
    """Hints go from vague to specific, and an answer that is not a possible cause costs nothing."""
    game = match()
    assert game.hear("hint", 1) == "Hint 1 of 3: Vague."
    assert game.hear("hint", 2) == "Hint 2 of 3: Less vague."
    assert game.hear("sharks", 3).startswith("sharks is not one of the causes.")
    assert game.hear("redis-pause", 4) == "The cause is not redis-pause."
    assert game.causes().splitlines()[1].split() == ["2", "mongo-pause", "It", "is", "mongo-pause"]
    assert not game.is_over
    assert game.hear("mongo-pause", 5) == "Correct, after 5 s: It is mongo-pause."
    assert [move.kind for move in game.moves] == ["hint", "hint", "wrong", "right"]


def play(
    tmp_path: Path, fake: FakeWorld, answers: list[str], hide: str = "mongo-pause"
) -> tuple[Match, Result, list[str], Session]:
    printed: list[str] = []
    session, game = Session.under(tmp_path), match(hide)
    result = Game(fake.world, game, session, printed.append).play(answers)
    return game, result, printed, session


def test_a_game(tmp_path: Path) -> None:
    """A game accepts answers after a notification, and the right answer clears the fault.

    No earlier message names the cause.
    """
    game, result, printed, session = play(tmp_path, FakeWorld(), ["api-errors", "mongo-pause"])
    assert (game.solved_after, result.cleared, game.points) == (20.0, 20.0, 85)
    assert result.alerts[0].notify == 20.0
    right = printed.index("Correct, after 20 s: It is mongo-pause.")
    assert not [line for line in printed[:right] if "stop api-1" in line or "mongo" in line]
    events = [json.loads(line) for line in (session.directory / "events.jsonl").read_text().splitlines()]
    assert events[0]["kind"] == "broken"
    assert events[0]["text"] == "hidden fault"


def test_a_game_without_a_notification(tmp_path: Path) -> None:
    """A game without a notification accepts answers after two minutes; the end of the input means giving up."""
    fake = FakeWorld()
    fake.expect()
    game, result, printed, _ = play(tmp_path, fake, ["api-errors"])
    assert (game.solved_after, game.points, result.cleared) == (None, 0, 120.0)
    assert "The cause was mongo-pause: It is mongo-pause." in printed


def test_the_time_is_up(tmp_path: Path) -> None:
    """After 15 minutes the game ends and reveals the cause."""
    fake = FakeWorld()
    fake.expect(Story(notified=2000.0))
    game = match()
    play = Game(fake.world, game, Session.under(tmp_path), lambda text: None)

    class Silent:
        def line(self) -> str | None:
            return None

    assert play._turn(Silent(), 899.0) is False
    assert play._turn(Silent(), 900.0) is True
    assert game.moves[-1].kind == "gave up"


def test_typing() -> None:
    """Each typed line is returned once and in order, and the end of the input means giving up."""
    player = Typing(io.StringIO("hint\nredis-pause\n"))
    lines = [wait_until("a line", player.line, 5).strip() for _ in range(3)]
    assert lines == ["hint", "redis-pause", GIVE_UP]
    assert player.line() is None


def solved() -> Match:
    game = match()
    game.hear("hint", 25.0)
    game.hear("redis-pause", 28.0)
    game.hear("mongo-pause", 31.0)
    return game


def test_the_score_in_words() -> None:
    """The score is printed with the time, the hints and the wrong answers."""
    assert said(solved()) == "75 of 100 points: mongo-pause found after 31 s (1 hints, 1 wrong answers)."
    game = match()
    game.hear(GIVE_UP, 10)
    assert said(game) == "0 of 100 points: not found (0 hints, 0 wrong answers). It was mongo-pause."


def test_the_postmortem() -> None:
    """The postmortem draft contains the known facts and leaves the other sections to the player.

    The facts are impact, detection and one timeline of alerts and moves.
    """
    text = draft(solved().drill, RESULT, solved())
    lines = text.splitlines()
    assert lines[0] == "# Postmortem (draft): It is mongo-pause"
    for section in (
        "Summary",
        "Impact",
        "Root cause and trigger",
        "Detection",
        "Timeline (UTC)",
        "Lessons",
        "Action items",
    ):
        assert f"## {section}" in lines
    assert "- Requests: 50 of 200 requests failed." not in text
    assert "- Requests: 50 of 200 failed." in lines
    assert "- Error budget (API availability, 99.9 % over 30 days): 0.96% of the month's spent." in lines
    detection = next(line for line in lines if line.startswith("- ApiDown (pages)"))
    assert (
        "detected after 16 s, notified after 21 s (limit 45 s), resolved 48 s after the fault was cleared" in detection
    )
    times = [line.split("|")[2].strip() for line in lines if line.startswith("| ") and " s |" in line]
    assert times == [
        "-20 s",
        "+0 s",
        "+6 s",
        "+16 s",
        "+21 s",
        "+21 s",
        "+25 s",
        "+28 s",
        "+31 s",
        "+31 s",
        "+60 s",
        "+79 s",
    ]
    assert sum("_to fill in_" in line for line in lines) >= 8


def test_texts_do_not_end_cells() -> None:
    """A bar in an alert's text is escaped and does not end its table cell."""
    odd = replace(
        RESULT, events=(Happened(1.0, "notified", "ApiDown", "a | b\nc", "pages"),), finds=(Found("w", "q", True, 1.0),)
    )
    line = next(line for line in draft(match().drill, odd, match()).splitlines() if "ApiDown a" in line)
    assert line.endswith("| ApiDown a \\| b c |")


def test_what_is_kept(tmp_path: Path) -> None:
    """The result is stored for the console and has passed if the cause was found."""
    keep(tmp_path, RESULT, solved())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["postmortem.md", "result.json", "timeline-outage.svg"]
    content = json.loads((tmp_path / "result.json").read_text())
    assert (content["passed"], content["game"]["points"], content["game"]["hints"]) == (True, 75, 1)
    assert Result.from_json(content["drills"][0]) == RESULT


def test_an_invalid_answer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid answer is refused before anything is started."""
    assert main(["gameday", "--seed", "1", "--answer", "sharks"]) == 2
    assert "sharks is not a valid answer: use hint, give up, or one of api-errors, " in capsys.readouterr().err


def test_every_game_has_a_title_that_says_the_cause() -> None:
    """Every game has a unique title, which the list of causes shows next to the name."""
    games: list[Drill] = candidates(scenarios().values())
    assert len({one.title for one in games}) == len(games)
