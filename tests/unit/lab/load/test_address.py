"""Load is sent to this machine only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.load import address
from lab.load.generator.plan import Plan
from lab.load.profiles.reading import read

ROOT = Path(__file__).parents[4]
FOREIGN = [
    "http://shop.example",
    "http://localhost:8000",
    "https://127.0.0.1:8000",
    "http://127.0.0.1",
    "http://127.0.0.1:8000@shop.example:80",
    "http://127.0.0.1:8000/path",
    "http://127.0.0.1.shop.example:8000",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:8000\n",
    "http://0.0.0.0:8000",
    "",
]


def test_this_machine_is_taken() -> None:
    """An address of this machine is accepted, without its trailing slash."""
    assert address.checked("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"


@pytest.mark.parametrize("url", FOREIGN)
def test_any_other_host_is_refused(url: str) -> None:
    """Any other host is refused, by name or by number."""
    with pytest.raises(address.ForeignHost, match="is not allowed"):
        address.checked(url)


@pytest.mark.parametrize("url", FOREIGN)
def test_the_generator_refuses_it_too(url: str) -> None:
    """The generator refuses another host too, because any user may have written its plan file."""
    customers, profiles = read()
    plan = json.loads(Plan("http://127.0.0.1:8000", "r", 7, profiles["smoke"], customers).dumps())
    with pytest.raises(address.ForeignHost):
        Plan.loads(json.dumps({**plan, "url": url}))


def test_the_command_refuses_it_before_anything_else() -> None:
    """The command refuses another host with one sentence and status 78, like any invalid setting."""
    done = subprocess.run(
        [sys.executable, "-m", "lab.load", "smoke", "--python", sys.executable],
        cwd=ROOT,
        env={**os.environ, "API_URL": "http://shop.example:80"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 78
    assert done.stderr.startswith("load: API_URL is 'http://shop.example:80': it must be http://127.0.0.1:<port>")
    assert done.stderr.count("\n") == 1
