"""Concurrent queries, each with its own failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from console.servers.errors import ServerError


class Together:
    """Runs queries in a few threads. A failed query becomes a note and does not affect the other results."""

    def __init__(self, threads: int = 6) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reading")

    def ask(self, questions: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], list[str]]:
        """Return the results by name (None for a failed query) and a sentence for each server that failed."""
        asked = {name: self._pool.submit(question) for name, question in questions.items()}
        answers: dict[str, Any] = {}
        notes: list[str] = []
        for name, future in asked.items():
            try:
                answers[name] = future.result()
            except ServerError as error:
                answers[name] = None
                if str(error) not in notes:
                    notes.append(str(error))
        return answers, notes
