"""JMeter's results, one CSV line per request, read while they are being written."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lab.load.tally import API, FRONT_DOOR, NO_ANSWER, Outcome, Tally

COLUMNS = ("timeStamp", "elapsed", "label", "responseCode", "success", "grpThreads", "allThreads", "by", "order")
PLACED = ("POST", "/api/v1/orders", 202)


class StrangeResult(ValueError):
    """An unexpected line that customers.jmx does not write; the message quotes it."""


class Results:
    """The results file at ``path``. ``requests``: number of results read; ``users``: active at the last one."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self._placed, self._final = 0, Counter[str]()
        self.requests, self.users = 0, 0

    def fresh(self) -> Tally:
        """Return the results written since the last call. Raises ``StrangeResult``."""
        tally = Tally()
        for row in csv.DictReader(self._lines(), COLUMNS):
            if row["label"] != COLUMNS[2]:
                outcome = self._outcome(row)
                tally.add(outcome, int(row["elapsed"]) / 1000)
                self._note(outcome, row)
        return tally

    @property
    def orders(self) -> dict[str, int]:
        """The number of placed orders and their outcomes; ``open``: no customer has seen the final status."""
        open_ones = self._placed - self._final.total()
        return {"placed": self._placed, **self._final, **({"open": open_ones} if open_ones else {})}

    def _note(self, outcome: Outcome, row: dict[str, str]) -> None:
        self.requests += 1
        self.users = int(row["allThreads"])
        self._placed += outcome[:3] == PLACED
        if row["order"]:
            self._final[row["order"]] += 1

    def _outcome(self, row: dict[str, str]) -> Outcome:
        # A dead link has the route of a product; its name shows that 404 is expected.
        method, _, route = row["label"].removesuffix(" (dead link)").partition(" ")
        code = row["responseCode"]
        if row["by"] not in (API, FRONT_DOOR, NO_ANSWER) or not route.startswith("/api/v1/") or None in row.values():
            raise StrangeResult(f"JMeter's results have a line that customers.jmx does not write: {row}")
        # Without a response, the code is the name of a Java exception.
        return Outcome(method, route, int(code) if code.isdecimal() else 0, row["by"], row["success"] == "true")

    def _lines(self) -> Iterator[str]:
        """Return the complete lines; a partially written line is left for the next call."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                self._offset += len(raw)
                yield raw.decode()
