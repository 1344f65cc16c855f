"""The commands: their output and their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.drills.__main__ import main


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state directory of an instance that does not exist."""
    monkeypatch.setenv("GLASSHOUSE_STATE_DIR", str(tmp_path))
    return tmp_path


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has one line for each drill, with its name, its notification and its title."""
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (outage,) = [line for line in lines if line.startswith("total-outage ")]
    assert outage.split()[:2] == ["total-outage", "ApiDown"]
    assert outage.endswith("Both API replicas are down")
    assert any(line.startswith("false-alarms") and "no notification" in line for line in lines)


def test_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The check reports that the declarations are valid."""
    assert main(["check"]) == 0
    assert "drills are valid" in capsys.readouterr().out


def test_an_unknown_drill_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown drill is refused with the known drills before anything is started."""
    assert main(["run", "flood"]) == 2
    assert capsys.readouterr().err.startswith("drills: there is no drill flood: use all, quick, or one of api-errors")


def test_no_stack_where_there_must_be_one(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    """`--here` without a running stack is refused, and no stack is started."""
    assert main(["run", "false-alarms", "--here"]) == 2
    assert f"no stack is running in {state}: start it with make up." in capsys.readouterr().err


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command is refused with a usage message."""
    with pytest.raises(SystemExit):
        main(["explode"])
    assert "invalid choice" in capsys.readouterr().err
