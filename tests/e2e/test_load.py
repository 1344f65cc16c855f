"""``make load`` on the running stack counts exactly the requests that Prometheus counts."""

from __future__ import annotations

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import ROOT, Stack

SECONDS, USERS = 12, 10
UNCLOSED = {"meta"}


class Page(HTMLParser):
    """Records open tags and resources that would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in UNCLOSED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def run(stack: Stack) -> subprocess.CompletedProcess[str]:
    """Run a short smoke load."""
    # The interpreter of the tests can differ from the one that creates the environment.
    command = ["make", "load", "PROFILE=smoke", f"USERS={USERS}", f"MINUTES={SECONDS / 60}"]
    return subprocess.run(command, cwd=ROOT, env=stack.env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def folder(stack: Stack, run: subprocess.CompletedProcess[str]) -> Path:
    """The folder of the run's report."""
    assert run.returncode == 0, run.stdout + run.stderr
    (folder,) = (one for one in (stack.state_dir / "load").iterdir() if one.is_dir())
    return folder


@pytest.fixture(scope="module")
def figures(folder: Path) -> dict[str, Any]:
    """The report in JSON."""
    content: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return content


def test_it_prints_progress_and_a_summary(run: subprocess.CompletedProcess[str], folder: Path) -> None:
    """The run prints a line every few seconds, and at the end its own figures next to Prometheus'."""
    lines = run.stdout.splitlines()
    assert sum("req/s" in line and "errors" in line and "p99" in line for line in lines) >= 2
    assert any(line.split()[:1] == ["requests"] and line.endswith("equal") for line in lines)
    assert str(folder / "report.html") in lines[-1]


def test_the_counts_are_equal(figures: dict[str, Any]) -> None:
    """The number of requests sent, the count in Prometheus and the sum of the outcomes are equal."""
    agreement = figures["agreement"]
    assert figures["errors"] == 0, figures["errors_by"]
    assert agreement["agrees"], agreement["differences"]
    assert figures["requests"] == agreement["answered_by_api"] == agreement["counted_by_prometheus"] > USERS
    assert sum(outcome["requests"] for outcome in figures["outcomes"]) == figures["requests"]


def test_it_keeps_to_what_was_asked_for(figures: dict[str, Any]) -> None:
    """The run does not exceed the given number of users and duration."""
    assert max(moment["users"] for moment in figures["course"]) == figures["users"] == USERS
    assert SECONDS <= figures["seconds"] < SECONDS + 60
    assert figures["ended"] == "done"


def test_the_report_stands_alone(folder: Path) -> None:
    """The HTML report is well-formed, has charts and loads nothing from elsewhere."""
    text = (folder / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == []
    pictures = [f"<svg{part.split('</svg>')[0]}</svg>" for part in text.split("<svg")[1:]]
    assert len(pictures) >= 4
    for picture in pictures:
        assert list(ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}path"))


def test_nothing_of_it_goes_on(stack: Stack, figures: dict[str, Any]) -> None:
    """After the run the trickle is still off and the stack is unchanged."""
    states = {name: row["state"] for name, row in stack.status().items()}
    assert "traffic" not in states
    assert set(states.values()) == {"running"}


def test_a_second_load_is_refused_when_the_first_is_under_way(stack: Stack, figures: dict[str, Any]) -> None:
    """A second concurrent load is rejected, because neither run could count exactly."""
    command = ["make", "load", "PROFILE=smoke", f"USERS={USERS}", "MINUTES=0.5"]
    with subprocess.Popen(command, cwd=ROOT, env=stack.env, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        line = next(line for line in first.stdout if "waiting for two scrapes" in line)
        second = subprocess.run(command, cwd=ROOT, env=stack.env, capture_output=True, text=True, timeout=60)
        first.terminate()
        first.communicate(timeout=120)
    assert line
    assert second.returncode != 0
    assert "another `make load` is running on this stack" in second.stderr


def may_trace(pid: int) -> bool:
    """Return whether the kernel lets this user trace the process, which opening its memory requires."""
    try:
        with Path(f"/proc/{pid}/mem").open("rb"):
            return True
    except PermissionError:
        return False


def test_a_component_is_profiled_while_it_works(stack: Stack) -> None:
    """A replica is profiled as a flame graph. If the kernel forbids it, the command reports the remedy instead."""
    command = ["make", "profile", "NAME=api-1", "SECONDS=5"]
    with subprocess.Popen(
        command, cwd=ROOT, env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as profiling:
        while profiling.poll() is None:
            stack.api("GET", "/api/v1/products")
        said, errors = profiling.communicate(timeout=60)
    if not may_trace(stack.status()["api-1"]["pid"]):
        assert profiling.returncode != 0
        assert "sudo" in errors
        pytest.skip(f"this user may not trace other processes, so nothing was profiled: {errors.strip()}")
    assert profiling.returncode == 0, errors
    picture = Path(said.splitlines()[-1])
    assert picture.parent == stack.state_dir / "profiles"
    assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_what_cannot_be_profiled_is_said(stack: Stack) -> None:
    """Profiling Redis, which is not a Python process, fails with an error that suggests `perf record`."""
    command = ["make", "profile", "NAME=redis"]
    done = subprocess.run(command, cwd=ROOT, env=stack.env, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "perf record" in done.stderr


def test_an_admins_request_is_profiled_whichever_replica_has_it(stack: Stack) -> None:
    """Either replica profiles an admin's request, and both replicas can return the profile."""
    password = (stack.state_dir / "secrets" / "admin_password").read_text().strip()
    tokens = stack.api("POST", "/api/v1/auth/login", json={"email": "admin@glasshouse.example", "password": password})
    admin = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    places = set()
    for _ in range(6):
        answer = stack.api("GET", "/api/v1/products?limit=50", headers={**admin, "X-Profile": "1"})
        assert answer.status_code == 200, answer.text
        places.add(answer.headers["X-Profile"])
    listed = stack.api("GET", "/api/v1/admin/profiles", headers=admin).json()["items"]
    assert {f"/api/v1/admin/profiles/{row['request_id']}" for row in listed} >= places
    for place in places:
        tree = stack.api("GET", place, headers=admin)
        assert tree.status_code == 200
        assert "app/products.py" in tree.text
