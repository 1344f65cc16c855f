"""Writing lines without releasing the interpreter lock."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from glasshouse_observability.logs.quick_write import LONGEST_AT_ONCE, writer
from library_support.waiting import wait_until


def test_lines_are_appended_to_a_file(tmp_path: Path) -> None:
    """Lines are appended whole and in order, whatever bytes they contain."""
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    append = writer(descriptor)
    lines = [b"first\n", b"nul \0 inside\n", b"x" * 100_000 + b"\n"]
    for line in lines:
        append(line)
    os.close(descriptor)
    assert path.read_bytes() == b"".join(lines)


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    """Lines of several threads do not mix, because each line is one write."""
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    append = writer(descriptor)

    def write(letter: bytes) -> None:
        for _ in range(500):
            append(letter * 300 + b"\n")

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(descriptor)
    lines = path.read_bytes().splitlines()
    assert len(lines) == 2000
    assert {len(set(line)) for line in lines} == {1}


@pytest.mark.parametrize("size", [500, LONGEST_AT_ONCE + 500])
def test_a_pipe_without_a_reader_stops_its_writer_only(size: int) -> None:
    """A pipe without a reader blocks only its writer; other threads continue and can read the pipe."""
    reading, writing = os.pipe()
    append, line, written = writer(writing), b"x" * (size - 1) + b"\n", []

    def write() -> None:
        for number in range(400):
            append(line)
            written.append(number)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    # This line would not be reached if the writer held the interpreter lock while it waits.
    seen = -1

    def stands_still() -> bool:
        nonlocal seen
        before, seen = seen, len(written)
        return 0 < seen == before

    wait_until("the pipe to be full", stands_still)
    assert len(written) < 400
    received = 0
    while received < 400 * size:
        received += len(os.read(reading, 65536))
    thread.join()
    assert (received, len(written)) == (400 * size, 400)
    os.close(reading)
    os.close(writing)


def test_what_cannot_be_written_raises() -> None:
    """A write that fails raises the system's own error, here for a pipe without a reader."""
    reading, writing = os.pipe()
    append = writer(writing)
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        append(b"line\n")
    os.close(writing)
