"""Write a file as a whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def write(text: str, file: Path | None) -> None:
    """Write ``text`` to ``file``, or to standard output without one; readers see the old file or the new one.

    Raises:
        OSError: the file cannot be written; it is unchanged.
    """
    if file is None:
        # Prometheus and Grafana read UTF-8, whatever the encoding of the terminal is.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    real = file.resolve()
    if real.exists() and not real.is_file():
        # A device or a pipe, such as /dev/stderr, cannot be replaced.
        real.write_text(text, encoding="utf-8")
        return
    descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fchmod(new.fileno(), _mode(real))
            os.fsync(new.fileno())
        os.replace(name, real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(file: Path) -> int:
    """Return the permissions of the file, or those of a new one: Prometheus may run as another user."""
    if file.exists():
        return file.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
