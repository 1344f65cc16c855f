"""The output of ``make fault`` and ``make fault-clear``, over a fake client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from faults import __main__ as program
from faults.__main__ import Refused, main, parser, run

ONE = {
    "name": "api-errors",
    "what": "The API answers 500.",
    "on": False,
    "available": True,
    "until": None,
    "takes": {"percent": {"allowed": "a number from 0.1 to 100", "default": 10}},
}
OTHER = {**ONE, "name": "redis-pause", "available": False, "takes": {}}


class FakeClient:
    """A fake of the API's fault switch."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.items = [ONE, OTHER]

    def every(self) -> list[dict[str, Any]]:
        return self.items

    def on(self, name: str, how: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((name, how))
        return {**ONE, "name": name, "until": "soon"}

    def off(self, name: str) -> dict[str, Any]:
        self.asked.append((name, {}))
        return {**ONE, "name": name}


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def call(client: FakeClient, *arguments: str) -> None:
    run(client, parser().parse_args(arguments))  # type: ignore[arg-type]


def test_only_what_was_said_is_sent(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the parameters that the user gave are sent; the shop sets the defaults."""
    call(client, "on", "api-errors")
    call(client, "on", "api-errors", "--seconds", "60", "--percent", "2.5", "--route", "/api/v1/orders")
    assert client.asked == [
        ("api-errors", {}),
        ("api-errors", {"seconds": 60, "percent": 2.5, "route": "/api/v1/orders"}),
    ]
    assert capsys.readouterr().out.startswith("api-errors is on until soon. The API answers 500.")


def test_off_without_a_name_is_everything_that_is_on(client: FakeClient) -> None:
    """``off`` without a name switches off exactly the faults that are on."""
    call(client, "off")
    assert client.asked == []
    client.items = [{**ONE, "on": True}, OTHER]
    call(client, "off")
    call(client, "off", "redis-pause")
    assert [name for name, _ in client.asked] == ["api-errors", "redis-pause"]


def test_the_list_says_what_each_takes(client: FakeClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The list shows the parameters of each fault and which faults are not available."""
    call(client, "list")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["api-errors", "off"]
    assert lines[2].strip() == "takes percent (a number from 0.1 to 100)"
    assert lines[3].endswith("not available here")


def test_a_wrong_name_is_refused_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name is refused with the known names before any request is sent."""
    with pytest.raises(SystemExit):
        parser().parse_args(["on", "api-eror"])
    assert "api-errors" in capsys.readouterr().err


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing admin password and an API that does not respond are reported."""
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("ADMIN_PASSWORD_FILE", raising=False)
    assert main(["list"]) == 78
    assert "ADMIN_PASSWORD is not set" in capsys.readouterr().err
    monkeypatch.setenv("ADMIN_PASSWORD", "a password of a test")
    monkeypatch.setenv("API_URL", "http://127.0.0.1:1")
    assert main(["list"]) == 1
    error = capsys.readouterr().err
    assert "http://127.0.0.1:1 does not respond" in error
    assert "a password" not in error


def test_a_refusal_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal by the shop sets the exit status and is printed; the password may be read from a file."""
    (tmp_path / "password").write_text("from a file\n")
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(tmp_path / "password"))
    got: list[str] = []

    def refuse(_url: str, _email: str, password: str) -> FakeClient:
        got.append(password)
        raise Refused("The flag file cannot be written. (503)")

    monkeypatch.setattr(program, "FaultClient", refuse)
    assert main(["off"]) == 1
    assert got == ["from a file"]
    assert capsys.readouterr().err == "faults: The flag file cannot be written. (503)\n"
