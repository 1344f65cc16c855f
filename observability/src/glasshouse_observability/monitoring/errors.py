"""The error of a wrong option."""

from __future__ import annotations


class WrongOption(ValueError):
    """An option of the command has a value that cannot be used; the message names it and a correct one."""
