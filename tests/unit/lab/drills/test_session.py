"""Several drills in turn, their stored results, and continuing an interrupted run."""

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
    """A session writes the report, the chart, the result, and one line for each event as it happens."""
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
    """A drill that cannot be carried out is reported, does not stop the next drill, and fails the run."""
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
    """A page between two drills belongs to neither of them and fails the run."""
    fake.expect(Story())
    watcher = Watcher(fake.observatory, fake.clock, session.record)
    watcher.look()
    fake.observatory.inbox.append(webhook(1, fake.clock.now(), "MongoDown"))
    session.run(Runner(fake.world, watcher, lambda text: None), [drill(load={"warm": 0})])
    assert session.late == ["MongoDown before outage"]
    assert not session.passed


def test_broken_off(session: Session, fake: FakeWorld) -> None:
    """An interrupted run keeps the finished drills and has no result, which shows that it was interrupted."""

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
    """Drills that have not run or have not passed are left, and the last result of a drill counts."""
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
    """An invalid memory file counts as empty, so that at worst a drill is repeated."""
    (tmp_path / "done.json").write_text(text)
    assert Memory(tmp_path).left(["a"]) == ["a"]
