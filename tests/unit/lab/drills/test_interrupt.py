"""Ctrl-C and SIGTERM end a drill, but do not interrupt the clearing of its fault."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from lab.drills.run.interrupt import as_interrupt, uninterrupted


def test_sigterm_is_ctrl_c() -> None:
    """SIGTERM raises ``KeyboardInterrupt`` within the context, and its handler is restored afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_clearing_goes_on(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    """A signal during the clearing is reported at once and takes effect at the end."""
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
    """Without a signal nothing is raised, and the handlers are restored."""
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_get_no_signals() -> None:
    """In other threads, which receive no signals, the context changes nothing."""
    done: list[bool] = []

    def clear() -> None:
        with uninterrupted():
            done.append(True)

    thread = threading.Thread(target=clear)
    thread.start()
    thread.join(5)
    assert done == [True]
