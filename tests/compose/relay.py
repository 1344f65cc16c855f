"""Send HTTP requests from within the composed stack's network by a process in the console's container."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.compose.composed import Composed
from tests.logql.runner import Parameters

ASKING = """
import base64, json, sys, urllib.error, urllib.request
for line in sys.stdin:
    url, body, headers = json.loads(line)
    body = None if body is None else base64.b64decode(body)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
            said = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        said = error.code, error.read().decode()
    except OSError as error:
        said = 0, repr(error)
    print(json.dumps(said), flush=True)
"""


class Relay:
    """Reaches a server by its name in the network. A status of 0 means that there was no response."""

    def __init__(self, base: str, process: subprocess.Popen[str]) -> None:
        self._base, self._process = base, process

    def get(self, path: str, query: Parameters, headers: dict[str, str]) -> tuple[int, str]:
        """Status and text of the answer."""
        return self._ask(f"{self._base}{path}?{urlencode([*query])}", None, headers)

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        """Status and text of the answer."""
        return self._ask(self._base + path, base64.b64encode(body).decode(), {"Content-Type": content_type})

    def _ask(self, url: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([url, body, headers]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the relay in the console's container has ended with {self._process.wait(10)}"
        status, said = json.loads(answer)
        return int(status), str(said)


@contextmanager
def relay(stack: Composed, base: str, log: Path) -> Iterator[Relay]:
    """Start a relay to a server in the network `back`. Its process writes errors to ``log``."""
    command = ["docker", "compose", "exec", "-T", "console", "python", "-c", ASKING]
    with log.open("w") as complaints:
        process = subprocess.Popen(
            command,
            cwd=stack.folder,
            env=stack.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
    try:
        yield Relay(base, process)
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
