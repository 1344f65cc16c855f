"""Reporting several errors at once."""

from __future__ import annotations

from stack.errors import Misconfigured, StackError, StartFailed


def test_a_wrong_setting_is_reported_once() -> None:
    """A wrong setting is reported once for all processes that read it, and other errors are unchanged."""
    other = StartFailed("nginx is not well.")
    merged = Misconfigured.merged([Misconfigured(["api-1"], "A is 1"), other, Misconfigured(["api-2"], "A is 1")])
    assert [str(error) for error in merged] == [
        "api-1, api-2 are misconfigured: A is 1 (fix it, then run `make up` again).",
        "nginx is not well.",
    ]


def test_every_error_has_an_exit_code() -> None:
    """No error has the exit code 0."""
    errors = [StackError]
    for error in errors:
        assert error.exit_code > 0
        errors.extend(error.__subclasses__())
