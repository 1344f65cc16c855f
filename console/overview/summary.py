"""The data of the overview, collected in one step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from console.alerting.firing import firing
from console.lookup.lists import RequestLists
from console.overview.questions import NOW, SLO, TREND_SECONDS, TREND_STEP, TRENDS
from console.overview.servicemap import service_map
from console.overview.slos import slo_tiles
from console.reading.together import Together
from console.servers.alertmanager import Alertmanager
from console.servers.joining import Joining
from console.servers.prometheus import Prometheus, Sample

SLOWEST = 5


class Overview:
    """Queries Prometheus, Alertmanager and the log store in parallel."""

    def __init__(
        self,
        together: Together,
        prometheus: Prometheus,
        alertmanager: Alertmanager,
        requests: RequestLists,
        clock: Callable[[], float] = time.time,
        joining: Joining | None = None,
    ) -> None:
        self._together, self._prometheus, self._alertmanager = together, prometheus, alertmanager
        self._requests, self._clock = requests, clock
        self._joining = joining or Joining()

    def read(self) -> dict[str, Any]:
        """Return map, objectives, alerts, trends and the slowest requests; ``notes`` lists what is missing."""
        end = math.floor(self._clock() / 5) * 5
        ask = self._prometheus
        questions: dict[str, Callable[[], Any]] = {}
        for name, expression in (NOW | SLO).items():
            questions[name] = partial(ask.query, expression)
        for name, expression in TRENDS.items():
            questions[f"trend {name}"] = partial(ask.range, expression, end - TREND_SECONDS, end, TREND_STEP)
        questions["alerts"] = self._alertmanager.active
        questions["slowest"] = partial(self._requests.slowest, SLOWEST)
        found, notes = self._together.ask(questions)
        samples = {name: found[name] or [] for name in NOW}
        return {
            "map": service_map(samples, _sum(found["queued"])),
            "slos": slo_tiles(found),
            "alerts": None if found["alerts"] is None else firing(found["alerts"]),
            "trends": {name: _points(found[f"trend {name}"]) for name in TRENDS},
            "numbers": {name: _first(found[name]) for name in ("unfinished", "oldest", "dead", "circuit")},
            "faults": sorted(sample.labels.get("fault", "?") for sample in found["faults"] or ()),
            "slowest": found["slowest"],
            "notes": [*self._joining.sentences(), *notes],
        }


def _points(series: list[dict[str, Any]] | None) -> list[list[float | None]]:
    return series[0]["values"] if series else []


def _first(samples: list[Sample] | None) -> float | None:
    return samples[0].value if samples and math.isfinite(samples[0].value) else None


def _sum(samples: list[Sample] | None) -> float | None:
    return sum(sample.value for sample in samples) if samples else None
