"""The generator's input, a JSON file: the target, the accounts and the profile. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from lab.load import address
from lab.load.profiles.model import Breaks, Customers, Profile, Stage


@dataclass(frozen=True, slots=True)
class Plan:
    """``run`` is part of the accounts' names and the user agent; ``seed`` seeds all random choices."""

    url: str
    run: str
    seed: int
    profile: Profile
    customers: Customers
    every_seconds: float = 2.0

    def dumps(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Plan:
        """Parse the output of ``dumps``. Raises ``ForeignHost``: the generator also sends to this machine only."""
        raw: dict[str, Any] = json.loads(text)
        profile, customers = raw["profile"], raw["customers"]
        breaks = profile["breaks"]
        lists: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in customers.items()
        }
        return cls(
            address.checked(raw["url"]),
            raw["run"],
            raw["seed"],
            Profile(
                profile["name"],
                profile["what"],
                profile["users"],
                profile["seconds"],
                tuple(Stage(**stage) for stage in profile["stages"]),
                Breaks(**breaks) if breaks else None,
            ),
            Customers(**lists),
            raw["every_seconds"],
        )
