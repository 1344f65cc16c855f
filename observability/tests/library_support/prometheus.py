"""A real Prometheus that scrapes every three seconds and evaluates rules every second."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import requests

from library_support.ports import free_port

CONFIGURATION = """
global: {{scrape_interval: 3s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - {{job_name: web, static_configs: [{{targets: ["127.0.0.1:{web}"]}}]}}
  - {{job_name: worker, static_configs: [{{targets: ["127.0.0.1:{worker}"]}}]}}
"""


def hurried(rules: str) -> str:
    """Return rules that are evaluated every second and wait some seconds instead of minutes; windows are unchanged."""
    rules = re.sub(r"(?m)^    interval: \S+$", "    interval: 1s", rules)
    rules = re.sub(r"(?m)^        keep_firing_for: \S+$", "        keep_firing_for: 1s", rules)
    # Longer than one failed scrape.
    return re.sub(r"(?m)^        for: [12]m$", "        for: 5s", rules)


class Prometheus:
    """A server with exemplar storage and the rules of a file."""

    def __init__(self, folder: Path, rules: str, web: int, worker: int) -> None:
        (folder / "rules.yml").write_text(rules)
        (folder / "prometheus.yml").write_text(CONFIGURATION.format(web=web, worker=worker))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._log = (folder / "prometheus.log").open("wb")
        self._process = subprocess.Popen(
            [
                "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage",
            ],
            stdout=self._log,
            stderr=self._log,
        )  # fmt: skip

    def get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10)
        content = answer.json()
        assert content["status"] == "success", f"{path} {parameters}: {json.dumps(content)}"
        return content["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series of an expression now."""
        result: list[dict[str, Any]] = self.get("query", query=expr)["result"]
        return result

    def firing(self) -> set[tuple[str, str]]:
        """Return the alerts that fire, by name and severity."""
        found = self.get("alerts")["alerts"]
        return {
            (alert["labels"]["alertname"], alert["labels"]["severity"]) for alert in found if alert["state"] == "firing"
        }

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
