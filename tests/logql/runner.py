"""Send the lines to a server with Loki's API, run the queries and compare the results."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.logql import lines, otlp
from tests.logql.answers import difference
from tests.logql.cases import Case
from tests.waiting import wait_until

POSITION = re.compile(r"\b(position|col|column|character|offset)\b\W*\d+", re.I)
LIMIT = 1000
STEP = "60"

Parameters = Sequence[tuple[str, str]]


class Http(Protocol):
    """A connection to a server from this machine or from within a container network."""

    def get(self, path: str, query: Parameters, headers: dict[str, str]) -> tuple[int, str]:
        """Return the status and text of the response."""

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        """Return the status and text of the response."""


@dataclass
class LogStore:
    """A server under test. ``alone``: it contains only the test lines. ``loki``: it is Loki itself."""

    http: Http
    alone: bool
    loki: bool
    base: int = field(default_factory=lambda: lines.base_before(time.time_ns()))

    def fill(self) -> None:
        """Send the lines, repeat those marked ``twice`` in a second request, and wait for all of them."""
        known = lines.load().values()
        if not self.loki:
            # A batch without lines, because a new gateway rejects all batches until it is connected to its store.
            wait_until("the store to accept lines", lambda: self._send([]) < 300)
        for part in (known, [line for line in known if line.twice]):
            assert self._send(part) < 300, "the store is unavailable"
        count = f'sum(count_over_time({{service_name=~"{"|".join(lines.services())}"}}[61m]))'

        def counted() -> bool:
            result = self.data("/query", query=count, time=self.at("60:00"))["result"]
            assert result, "no line was found"
            assert int(result[0]["value"][1]) >= len(known), f"{result[0]['value'][1]} of {len(known)} are there"
            return True

        wait_until(f"all {len(known)} lines to be found", counted, 60)

    def at(self, text: str) -> str:
        """Convert a time of the files to a parameter in nanoseconds since the epoch."""
        return str(self.base + lines.offset(text))

    def get(self, path: str, query: Parameters, **headers: str) -> tuple[int, str]:
        """Return the status and text of a response of Loki's API."""
        return self.http.get(f"/loki/api/v1{path}", query, headers)

    def _send(self, part: Iterable[lines.Line]) -> int:
        status, said = self.http.post("/otlp/v1/logs", otlp.request(part, self.base), "application/x-protobuf")
        assert 200 <= status < 300 or status == 503, f"the lines were rejected with {status}: {said}"
        return status

    def data(self, path: str, **query: str) -> Any:
        """Return the member ``data`` of a 200 response."""
        status, said = self.get(path, [*query.items()])
        assert status == 200, f"{path} answered {status}: {said}"
        return json.loads(said).get("data")

    def ask(self, case: Case) -> tuple[int, str]:
        """Run the query of a case."""
        given = case.given
        if "at" in given:
            return self.get("/query", [("query", case.query), ("time", self.at(given["at"]))])
        query = {
            "query": case.query,
            "start": self.at(given.get("start", "00:00")),
            "end": self.at(given.get("end", "60:00")),
            "limit": str(given.get("limit", LIMIT)),
            "direction": given.get("direction", "forward"),
            "step": given.get("step", STEP),
        }
        return self.get("/query_range", [*query.items()])

    def judge(self, case: Case) -> str:
        """Return the errors in the response to a case, or an empty list."""
        status, said = self.ask(case)
        if case.refused:
            return self._judge_refusal(case.given["error"], status, said)
        if status != 200:
            return f"answered {status}: {said}"
        return difference(case, json.loads(said)["data"], self.base)

    @staticmethod
    def _judge_refusal(wanted: dict[str, Any], status: int, said: str) -> str:
        if status != wanted["status"]:
            return f"answered {status} in place of {wanted['status']}: {said[:500]}"
        if not said.strip():
            return "rejected without a reason"
        if wanted.get("says", "") not in said:
            return f"the reason does not contain {wanted['says']}: {said}"
        if wanted.get("syntax") and not POSITION.search(said):
            return f"the reason contains no position in the query: {said}"
        return ""
