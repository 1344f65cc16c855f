"""The measurements as comparable numbers: medians of ratios within the same round."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.bench.machine import machine
from lab.bench.tax.measure import CONNECTIONS, Endpoint, Runner
from lab.bench.tax.servers import THREADS
from stack.environment import package_folders

_PACKAGES = (
    "flask",
    "gunicorn",
    "redis",
    "pymongo",
    "rq",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-flask",
    "prometheus-flask-exporter",
    "python-json-logger",
    "opentelemetry-distro",
    "logfire",
    "sentry-sdk",
    "ddtrace",
    "elastic-apm",
)


def rows(runners: Sequence[Runner], endpoints: Sequence[Endpoint]) -> list[dict[str, Any]]:
    """Return a row for each endpoint and variant, relative to the first variant in the same round.

    If a variant has several servers, the round's figure is their mean.
    """
    variants: dict[str, list[Runner]] = {}
    for runner in runners:
        variants.setdefault(runner.variant.name, []).append(runner)
    found = []
    for endpoint in endpoints:
        bare = _rounds(variants[runners[0].variant.name], endpoint)
        for name, servers in variants.items():
            cpu = _rounds(servers, endpoint)
            ratios = [ours / base for ours, base in zip(cpu, bare, strict=True)]
            low, high = _quartiles(ratios)
            p99_ms = [waited for server in servers for waited in server.p99_ms[endpoint.name]]
            found.append(
                {
                    "endpoint": endpoint.name,
                    "variant": name,
                    "cpu_us_per_request": round(statistics.median(cpu), 1),
                    "ratio_to_bare": round(statistics.median(ratios), 3),
                    "spread": [round(low, 3), round(high, 3)],
                    "p99_ms": round(statistics.median(p99_ms), 1),
                    "requests": endpoint.requests * len(p99_ms),
                    "rounds": len(cpu),
                }
            )
    return found


def _rounds(servers: Sequence[Runner], endpoint: Endpoint) -> list[float]:
    """Return the microseconds per request of each round, as the mean of the servers."""
    return [statistics.mean(one) for one in zip(*(server.cpu_us[endpoint.name] for server in servers), strict=True)]


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def report(runners: Sequence[Runner], endpoints: Sequence[Endpoint], venvs: Sequence[Path]) -> dict[str, Any]:
    """Return the complete result: machine, date, versions, load and figures."""
    return {
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **versions(venvs)},
        "load": f"{CONNECTIONS} connections that never pause, gunicorn gthread, 1 worker, {THREADS} threads",
        "results": rows(runners, endpoints),
    }


def versions(venvs: Sequence[Path]) -> dict[str, str]:
    """Return the versions of the compared packages, as installed in the environments."""
    paths = [path for venv in venvs for path in package_folders(venv)]
    installed = {one.name.lower(): one.version for one in importlib.metadata.distributions(path=paths)}
    return {name: installed[name] for name in _PACKAGES if name in installed}


def write(found: dict[str, Any], path: Path) -> None:
    """Write the results as JSON."""
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> dict[str, Any]:
    """Read the results from that file."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found
