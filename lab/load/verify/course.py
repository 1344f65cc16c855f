"""The course of a run: figures of the generator and the machine over time, and the first broken step. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.load.profiles.model import Breaks, Profile
from lab.load.tally import Tally
from lab.load.verify.agreement import milliseconds

GENERATOR, OTHERS = "generator", "other programs"
BUSY_GENERATOR = 0.95
"""In cores. Locust uses one thread; above this usage, the figures describe the generator's own limit."""


@dataclass(frozen=True)
class Moment:
    """The time from the previous moment to ``at``, in seconds. ``cores``: used by each component and us."""

    at: float
    users: int
    seconds: float
    tally: Tally
    cores: Mapping[str, float] = field(default_factory=dict)
    machine: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.tally.count() / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Broken:
    """The first broken step and the limit it exceeded, in one sentence."""

    step: int
    users: int
    what: str


def merged(moments: Sequence[Moment]) -> Tally:
    """Return the sum of all counts."""
    tally = Tally()
    for moment in moments:
        tally.merge(moment.tally)
    return tally


def broken_at(profile: Profile, moments: Sequence[Moment]) -> Broken | None:
    """Return the first finished step whose second half exceeded a limit."""
    if profile.breaks is None or not moments:
        return None
    step_seconds = profile.seconds / len(profile.stages)
    for number in range(1, int(moments[-1].at / step_seconds + 1e-6) + 1):
        end = number * step_seconds
        half = [moment for moment in moments if end - step_seconds / 2 < moment.at <= end]
        if half and (what := _broken(profile.breaks, half)):
            return Broken(number, half[-1].users, what)
    return None


def _broken(limits: Breaks, half: Sequence[Moment]) -> str:
    tally, said = merged(half), ""
    total, errors = tally.count(), tally.errors
    if total and errors.total() / total > limits.error_share:
        (by, status), count = errors.most_common(1)[0]
        said = f"{errors.total() / total:.1%} of the requests failed, most ({count}) by " + (
            "no response" if not status else f"{by} with status {status}"
        )
    else:
        p99 = tally.durations.quantile(0.99)
        if p99 is not None and p99 > limits.p99_seconds:
            said = f"p99 was {milliseconds(p99)}"
    if not said:
        return ""
    return f"{said}; {_busiest(half)}"


def _busiest(half: Sequence[Moment]) -> str:
    sums: dict[str, float] = {}
    for moment in half:
        for name, cores in moment.cores.items():
            sums[name] = sums.get(name, 0.0) + cores / len(half)
    first = sorted(sums.items(), key=lambda item: -item[1])[:4]
    said = ", ".join(f"{name} {cores:.2f}" for name, cores in first)
    machine = sum(moment.machine for moment in half) / len(half)
    text = f"cores used: {said or 'unknown'}; the machine was {machine:.0%} busy"
    if sums.get(GENERATOR, 0.0) >= BUSY_GENERATOR:
        text += "; the generator was saturated, so this is the generator's limit"
    return text
