"""The command line of follow, and the start of the console's process."""

from __future__ import annotations

import json

import pytest

import console.__main__ as server
from console.follow.__main__ import main

ADDRESSES = ("API_URL", "PROMETHEUS_URL", "ALERTMANAGER_URL", "LOKI_URL", "JAEGER_URL", "CONSOLE_URL")


@pytest.fixture
def _nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set every server's address to one without a listener."""
    for name in ADDRESSES:
        monkeypatch.setenv(name, "http://127.0.0.1:1")


@pytest.mark.usefixtures("_nothing_there")
@pytest.mark.parametrize("arguments", [[], ["--order", "ord_1"], ["--request", "req-1"], ["--trace", "a" * 32]])
def test_no_server_there_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without servers the command prints one sentence with the remedy and no traceback, and exits with 1."""
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "does not respond at http://127.0.0.1:1 (connection refused)" in said.err
    assert "make status" in said.err
    assert "Traceback" not in said.err


def test_a_wrong_address_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid address is reported and ends with status 78, as in every other process."""
    monkeypatch.setenv("LOKI_URL", "loki:3100")
    assert main([]) == 78
    assert "LOKI_URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--trace", "xyz"], ["--order", 'a"} | x'], ["--order", "a", "--trace", "b" * 32], ["extra"]]
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An argument must look like an ID, because it becomes part of queries, and only one may be given."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_server_does_not_start_with_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The console does not start with an invalid setting.

    It prints one line with the setting and exits with 78, so that supervision does not restart it.
    """
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SystemExit) as stop:
        server.main()
    assert stop.value.code == 78
    line = json.loads(capsys.readouterr().out)
    assert (line["service"], line["event"], line["settings"]) == ("console", "settings.wrong", ["PORT"])
    assert line["message"] == "PORT is 'http': it must be a port number from 1 to 65535"
