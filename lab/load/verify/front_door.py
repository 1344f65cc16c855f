"""Requests that NGINX sent to more than one replica, which only its access log shows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FrontDoor:
    """The log from one position on, which ``inode`` and ``offset`` define."""

    log: Path
    inode: int
    offset: int

    @classmethod
    def from_now(cls, log: Path) -> FrontDoor:
        """Record the current position of the log."""
        stat = log.stat()
        return cls(log, stat.st_ino, stat.st_size)

    def tried_again(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Count the requests sent to another replica, by method and route template in ``asked``."""
        # Templates without parameters first: /products/search is not a product.
        forms = [(key, _form(key[1])) for key in sorted(asked, key=lambda key: key[1].count("<"))]
        found: Counter[tuple[str, str]] = Counter()
        for line in self._lines():
            further = line["upstream_addr"].count(",")
            if further:
                method, path = line["http_request_method"], line["url_path"]
                key = next((key for key, form in forms if key[0] == method and form.fullmatch(path)), None)
                if key is not None:
                    found[key] += further
        return dict(found)

    def _lines(self) -> Iterator[dict[str, Any]]:
        # The log is rotated by renaming: earlier lines are in the newest rotated file.
        old = self.log.with_name(f"{self.log.name}.1")
        moved = self.log.stat().st_ino != self.inode
        if moved and old.exists() and old.stat().st_ino == self.inode:
            yield from _read(old, self.offset)
        yield from _read(self.log, 0 if moved else self.offset)


def _read(log: Path, offset: int) -> Iterator[dict[str, Any]]:
    with log.open("rb") as file:
        file.seek(offset)
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                # The last line may be incomplete, and NGINX's messages at its start and stop are not JSON.
                continue
            if isinstance(line, dict) and line.get("event") == "nginx.access":
                yield line


def _form(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"<[^>]+>", template)))
