"""Settings that name files and folders."""

from __future__ import annotations

import os
from pathlib import Path

from observability.settings.errors import Refused
from observability.settings.kinds import Kind
from observability.settings.shown import LONGEST_PATH, quoted


class AnyPath(Kind[Path]):
    """A path, whether it exists or not; ``~`` stands for the home directory."""

    allowed = "the path of a file or a folder"

    def parse(self, text: str) -> Path:
        """The path as given: a relative one counts from where the process runs."""
        try:
            return Path(text).expanduser()
        except RuntimeError:  # ~unknown-user
            raise Refused("there is no such user") from None

    def shown(self, text: str) -> str:
        """The path, whole: one that is cut does not say which file is meant."""
        return quoted(text, LONGEST_PATH)


class Folder(AnyPath):
    """A folder that exists."""

    allowed = "a folder that exists"

    def parse(self, text: str) -> Path:
        """Its absolute path."""
        path = super().parse(text)
        # Not ``path.is_dir()``, which raises for a name that is too long or a folder that may not be searched.
        if not os.path.isdir(path):
            raise Refused
        return path.absolute()


class WritableFile(Kind[str]):
    """A file, in a folder that exists, that can be written or made."""

    allowed = "a file in a folder that exists and can be written"

    def parse(self, text: str) -> str:
        """The path as given."""
        if not os.access(os.path.dirname(text) or ".", os.W_OK):
            raise Refused
        # To open a pipe would block until a reader comes.
        if os.path.exists(text) and not (os.path.isfile(text) and os.access(text, os.W_OK)):
            raise Refused("it is not a regular file that can be written")
        return text

    def shown(self, text: str) -> str:
        """The path, whole."""
        return quoted(text, LONGEST_PATH)
