"""The commands: what they say, and the status with which they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.drills.__main__ import main


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No instance is there."""
    monkeypatch.setenv("GLASSHOUSE_STATE_DIR", str(tmp_path))
    return tmp_path


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Every drill in a line: its name, who is notified, what it is."""
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (outage,) = [line for line in lines if line.startswith("total-outage ")]
    assert outage.split()[:2] == ["total-outage", "ApiDown"]
    assert outage.endswith("Both replicas of the API are gone")
    assert any(line.startswith("false-alarms") and "no notification" in line for line in lines)


def test_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The declarations are as they must be."""
    assert main(["check"]) == 0
    assert "drills are valid" in capsys.readouterr().out


def test_a_drill_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which there are, and starts nothing."""
    assert main(["run", "flood"]) == 2
    assert capsys.readouterr().err.startswith("drills: there is no drill flood: it is all, quick, or one of api-errors")


def test_no_stack_where_there_must_be_one(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    """Then none is started."""
    assert main(["run", "false-alarms", "--here"]) == 2
    assert f"no stack is up in {state}: start it with make up." in capsys.readouterr().err


def test_an_order_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line says what it takes."""
    with pytest.raises(SystemExit):
        main(["explode"])
    assert "invalid choice" in capsys.readouterr().err
