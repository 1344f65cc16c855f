"""The example, run as an external user would: a folder that contains nothing else of ours."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.ports import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
Truth = Counter[tuple[str, str, int]]
"""Method, route template and status of each answered request, with the number of requests."""


def adopt(folder: Path) -> None:
    """Follow the instructions in docs/library/README.md; the library is installed in the environment of the tests."""
    for file in ("app.py", "tasks.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / "examples" / "adopt" / file, folder)


class Guestbook:
    """The web server and the worker, their signals, and the requests and jobs that they were sent."""

    def __init__(self, folder: Path, redis_url: str, otlp_url: str, workers: int, shared: bool) -> None:
        self.folder, self.workers = folder, workers
        self._port, self._metrics_port, self._worker_port = free_port(), free_port(), free_port()
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "REDIS_URL": redis_url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_url,
            # Every request is counted here, so every request must leave its spans.
            "OBSERVABILITY_TRACES_PER_SECOND": "1000",
            "OBSERVABILITY_TRACE_RATIO": "1",
        }
        if shared:
            self._env["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "counts")
        self.truth: Truth = Counter()
        self.answers: list[requests.Response] = []
        web = {
            "PORT": str(self._port),
            "OBSERVABILITY_METRICS_PORT": str(self._metrics_port),
            "WEB_CONCURRENCY": str(workers),
        }
        self._web = self._start("web", web, "-m", "gunicorn", "app:app")
        self._worker = self._start("worker", {"OBSERVABILITY_METRICS_PORT": str(self._worker_port)}, "tasks.py")

    def _start(self, name: str, env: dict[str, str], *arguments: str) -> psutil.Popen:
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, *arguments]
            return psutil.Popen(command, cwd=self.folder, env={**self._env, **env}, stdout=log, stderr=log)

    def wait(self) -> None:
        """Wait until all processes respond."""
        wait_until("gunicorn's workers", lambda: len(self.pids()) == self.workers)
        wait_until("the guestbook to respond", lambda: self.ask("GET", "/guests/first", "/guests/<name>"))
        wait_until("the worker's metrics", lambda: self.jobs("finished") == 0)

    def stop(self) -> None:
        for process in (self._web, self._worker):
            process.terminate()
        for process in (self._web, self._worker):
            try:
                process.wait(20)
            except psutil.TimeoutExpired:
                # The failure is reported, but no process may be left running.
                for each in (*process.children(recursive=True), process):
                    each.kill()
                raise

    def pids(self) -> set[int]:
        """Return the pids of gunicorn's workers."""
        return {child.pid for child in self._web.children()}

    def ask(self, method: str, path: str, route: str) -> requests.Response:
        # A server that starts slowly answers, and counts, even a request whose client has given up.
        answer = requests.request(method, f"http://127.0.0.1:{self._port}{path}", timeout=60)
        self.answers.append(answer)
        self.truth[method, route, answer.status_code] += 1
        return answer

    def serve(self, times: int) -> None:
        """Send ``times`` rounds of twenty requests, two of them with a job, from several clients at once."""
        round_ = [
            *[("GET", "/guests/ann", "/guests/<name>")] * 15,
            *[("GET", "/broken", "/broken")] * 2,
            ("GET", "/nowhere/at/all", "(unmatched)"),
            ("POST", "/guests/bob?text=Welcome", "/guests/<name>"),
            ("POST", "/guests/quentin?text=", "/guests/<name>"),
        ]
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(lambda request: self.ask(*request), round_ * times))

    def exposition(self, accept: str = "text/plain") -> str:
        return requests.get(
            f"http://127.0.0.1:{self._metrics_port}/metrics", headers={"Accept": accept}, timeout=5
        ).text

    def worker_exposition(self) -> str:
        return requests.get(f"http://127.0.0.1:{self._worker_port}/metrics", timeout=5).text

    def counted(self) -> Truth:
        """Return the requests that ``/metrics`` counts, without zeros."""
        found: Truth = Counter()
        for family in text_string_to_metric_families(self.exposition()):
            for sample in family.samples:
                if sample.name == "http_server_request_duration_seconds_count" and sample.value:
                    labels = sample.labels
                    status = int(labels["http_response_status_code"])
                    found[labels["http_request_method"], labels["http_route"], status] += int(sample.value)
        return found

    def jobs(self, outcome: str) -> int:
        """Return the jobs with ``outcome`` that the worker's ``/metrics`` counts."""
        families = text_string_to_metric_families(self.worker_exposition())
        (family,) = [f for f in families if f.name == "rq_job_duration_seconds"]
        return sum(int(s.value) for s in family.samples if s.name.endswith("_count") and s.labels["outcome"] == outcome)

    def wait_for_jobs(self, each: int) -> None:
        """Wait until this many letters were sent, and as many have failed."""
        wait_until(
            f"{each} letters to be sent and as many to fail",
            lambda: self.jobs("finished") == each and self.jobs("failed") == each,
            seconds=40,
        )

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the log of ``web`` or ``worker``; a line that is not JSON raises an exception."""
        return [json.loads(line) for line in (self.folder / f"{name}.log").read_text().splitlines()]
