"""Where load may go: to this machine, and nowhere else."""

from __future__ import annotations

import re


class ForeignHost(ValueError):
    """The address is not one of 127.0.0.1."""


def checked(url: str) -> str:
    """The address without a trailing slash. Raises ``ForeignHost`` unless it is ``http://127.0.0.1:<port>``.

    A name is refused too, ``localhost`` among them: what it stands for is somebody else's word.
    """
    if (
        not re.fullmatch(r"http://127\.0\.0\.1:[0-9]{1,5}/?", url)
        or not 0 < int(url.rstrip("/").rsplit(":")[-1]) < 65536
    ):
        raise ForeignHost(f"{url or '(none)'} gets no load: it goes to http://127.0.0.1:<port> only.")
    return url.rstrip("/")
