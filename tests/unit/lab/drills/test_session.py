"""Several drills in turn, what is kept of them, and going on where a run was broken off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.clients.errors import RunFailed
from lab.drills.run.completed import Memory
from lab.drills.run.result import Result, Spent
from lab.drills.run.runner import Runner
from lab.drills.session import Session
from lab.drills.watch.watcher import Watcher
from tests.unit.lab.drills.world import FakeWorld, Story, drill, webhook


@pytest.fixture
def fake() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.under(tmp_path)


def run(session: Session, fake: FakeWorld, *names: str) -> None:
    watcher = Watcher(fake.observatory, fake.clock, session.record)
    session.run(Runner(fake.world, watcher, lambda text: None), [drill(name=name) for name in names])


def result(name: str, *wrong: str) -> Result:
    return Result(name, "t", "f", 0.0, 1.0, (), 0, (), (), (), (), Spent(1.0), wrong)


def test_everything_is_written(session: Session, fake: FakeWorld) -> None:
    """Report, picture, result, and the events as they happened, one a line."""
    run(session, fake, "outage")
    assert session.passed
    events = [json.loads(line) for line in (session.directory / "events.jsonl").read_text().splitlines()]
    assert [event["kind"] for event in events] == [
        "broken", "pending", "firing", "notified", "mailed", "cleared", "inactive", "resolved", "mailed resolved",
    ]  # fmt: skip
    assert events[0] == {
        "at": "1970-01-12T13:46:50.000000Z", "kind": "broken", "alert": "", "text": "stop api-1", "receiver": "",
    }  # fmt: skip
    assert json.loads((session.directory / "result.json").read_text())["passed"] is True
    assert (session.directory / "timeline-outage.svg").exists()


def test_a_drill_that_cannot_be_carried_out_does_not_stop_the_next(session: Session, fake: FakeWorld) -> None:
    """It is reported, and the run has not passed."""
    begin, failures = fake.injector.begin, [RunFailed("no such fault.")]

    def once(*arguments: object) -> None:
        if failures:
            raise failures.pop()
        begin(*arguments)  # type: ignore[arg-type]

    fake.injector.begin = once  # type: ignore[method-assign]
    run(session, fake, "first", "second")
    assert session.failed == ["first: no such fault."]
    assert [one.name for one in session.results] == ["second"]
    assert not session.passed


def test_a_page_between_two_drills(session: Session, fake: FakeWorld) -> None:
    """It belongs to none of them, and is wrong all the same."""
    fake.expect(Story())
    watcher = Watcher(fake.observatory, fake.clock, session.record)
    watcher.look()
    fake.observatory.inbox.append(webhook(1, fake.clock.now(), "MongoDown"))
    session.run(Runner(fake.world, watcher, lambda text: None), [drill(load={"warm": 0})])
    assert session.late == ["MongoDown before outage"]
    assert not session.passed


def test_broken_off(session: Session, fake: FakeWorld) -> None:
    """What was done is kept; there is no result, so that one sees that it was broken off."""

    def press() -> None:
        if len(session.results) == 1 and fake.injector.cleared is None:
            raise KeyboardInterrupt

    fake.clock.each = press
    with pytest.raises(KeyboardInterrupt):
        run(session, fake, "first", "second")
    assert session.memory.results().keys() == {"first"}
    assert (session.directory / "report.md").exists()
    assert not (session.directory / "result.json").exists()


def test_what_is_left(tmp_path: Path) -> None:
    """What has not been done, and what has not passed; the last result counts."""
    memory = Memory(tmp_path)
    assert memory.left(["a", "b"]) == ["a", "b"]
    memory.keep(result("a"))
    memory.keep(result("b", "late"))
    assert memory.left(["a", "b", "c"]) == ["b", "c"]
    memory.keep(result("b"))
    assert memory.left(["a", "b", "c"]) == ["c"]
    assert memory.results()["a"] == result("a")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": {"name": "a"}}'])
def test_a_memory_that_is_not_understood(tmp_path: Path, text: str) -> None:
    """It counts as empty: at worst a drill is repeated."""
    (tmp_path / "done.json").write_text(text)
    assert Memory(tmp_path).left(["a"]) == ["a"]
