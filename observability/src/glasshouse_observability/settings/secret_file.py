"""A secret, or a URL with a password, in a file, as Docker and Kubernetes mount it."""

from __future__ import annotations

import os
import stat

from glasshouse_observability.settings.errors import Refused

LONGEST_FILE = 65_536  # bytes


def secret_of_file(path: str) -> str:
    """Return the text of a regular file.

    Raises ``Refused`` for other files: reading a pipe or a device could block the start or never end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(error.strerror or "it cannot be read") from None
    except ValueError:  # a NUL in the path
        raise Refused("it is not a path") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused("it is not a regular file")
        held = os.read(descriptor, LONGEST_FILE + 1)
    except OSError as error:
        raise Refused(error.strerror or "it cannot be read") from None
    finally:
        os.close(descriptor)
    if len(held) > LONGEST_FILE:
        raise Refused(f"it is longer than {LONGEST_FILE} bytes")
    try:
        return held.decode()
    except UnicodeDecodeError:
        raise Refused("it is not UTF-8") from None
