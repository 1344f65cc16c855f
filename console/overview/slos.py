"""The objectives and their remaining budgets, from the ``slo:*`` series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from console.servers.prometheus import Sample


def slo_tiles(answers: Mapping[str, Sequence[Sample] | None]) -> list[dict[str, Any]]:
    """Return one tile per objective, lowest budget first; a value that does not exist yet is None."""
    tiles: dict[str, dict[str, Any]] = {}
    for sample in answers.get("objective") or ():
        slo = sample.labels.get("slo", "?")
        tiles[slo] = {"slo": slo, "service": sample.labels.get("service", ""), "objective": sample.value}
    for name in ("budget", "burn", "error", "exhaustion"):
        for sample in answers.get(name) or ():
            tile = tiles.get(sample.labels.get("slo", "?"))
            if tile is not None and math.isfinite(sample.value):
                tile[name] = sample.value
    for tile in tiles.values():
        tile["state"] = _state(tile.get("budget"), tile.get("burn"))
    return sorted(tiles.values(), key=lambda tile: (tile.get("budget", 2.0), tile["slo"]))


def _state(budget: float | None, burn: float | None) -> str:
    if budget is None:
        return "unknown"
    if budget <= 0:
        return "spent"
    return "burning" if burn is not None and burn > 1 else "kept"
