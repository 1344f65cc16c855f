"""Ctrl-C and SIGTERM end a drill, but do not interrupt the clearing of its fault."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from lab.drills.run.interrupt import as_interrupt, uninterrupted


def test_sigterm_is_ctrl_c() -> None:
    """Within; afterwards it is what it was."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_clearing_goes_on(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    """The signal is said to have been heard, and takes effect at the end."""
    cleared: list[bool] = []

    def clear() -> None:
        with uninterrupted():
            os.kill(os.getpid(), number)
            cleared.append(True)

    with pytest.raises(KeyboardInterrupt):
        clear()
    assert cleared == [True]
    assert "clearing the fault first" in capsys.readouterr().err


def test_nothing_heard_nothing_raised() -> None:
    """The handlers are put back."""
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_get_no_signals() -> None:
    """Nothing is to be done there."""
    done: list[bool] = []

    def clear() -> None:
        with uninterrupted():
            done.append(True)

    thread = threading.Thread(target=clear)
    thread.start()
    thread.join(5)
    assert done == [True]
