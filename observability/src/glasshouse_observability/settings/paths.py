"""Kinds of settings that name files and folders."""

from __future__ import annotations

import os
from pathlib import Path

from glasshouse_observability.settings.errors import Refused
from glasshouse_observability.settings.kinds import Kind
from glasshouse_observability.settings.shown import LONGEST_PATH, quoted


class AnyPath(Kind[Path]):
    """A path, which need not exist; ``~`` stands for the home directory."""

    allowed = "the path of a file or a folder"

    def parse(self, text: str) -> Path:
        """Return the path as given; a relative path refers to the working directory of the process."""
        try:
            return Path(text).expanduser()
        except RuntimeError:  # ~unknown-user
            raise Refused("there is no such user") from None

    def shown(self, text: str) -> str:
        """Return the whole path, because a shortened path does not show which file is meant."""
        return quoted(text, LONGEST_PATH)


class Folder(AnyPath):
    """A folder that exists."""

    allowed = "a folder that exists"

    def parse(self, text: str) -> Path:
        """Return its absolute path."""
        path = super().parse(text)
        # Not ``path.is_dir()``, which raises for a name that is too long or a folder without search permission.
        if not os.path.isdir(path):
            raise Refused
        return path.absolute()


class WritableFile(Kind[str]):
    """A writable file, which is created in an existing folder if it does not exist."""

    allowed = "a file in a folder that exists and can be written"

    def parse(self, text: str) -> str:
        """Return the path as given."""
        if not os.access(os.path.dirname(text) or ".", os.W_OK):
            raise Refused
        # Opening a pipe would block until it has a reader.
        if os.path.exists(text) and not (os.path.isfile(text) and os.access(text, os.W_OK)):
            raise Refused("it is not a regular file that can be written")
        return text

    def shown(self, text: str) -> str:
        """Return the whole path."""
        return quoted(text, LONGEST_PATH)


class ReadableFile(Kind[str]):
    """A file that exists and can be read."""

    allowed = "a file that exists and can be read"

    def parse(self, text: str) -> str:
        """Return the path as given."""
        if not (os.path.isfile(text) and os.access(text, os.R_OK)):
            raise Refused
        return text

    def shown(self, text: str) -> str:
        """Return the whole path."""
        return quoted(text, LONGEST_PATH)
