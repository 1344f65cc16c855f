"""All faults by name: their effect, the process where they take effect, and their parameters. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_SECONDS, LONGEST_SECONDS = 300, 3600

Value = int | float | str
Parameters = dict[str, Value]


class UnknownFault(ValueError):
    """There is no fault with this name; the message lists the existing ones."""


class WrongParameter(ValueError):
    """A fault does not accept this parameter or value; the message states what it accepts."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter from ``low`` to ``high``."""

    low: float
    high: float
    default: Value | None
    whole: bool = True

    def checked(self, value: object) -> Value | None:
        """Return the value, or ``None`` if it is not allowed."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return None
        return value if self.low <= value <= self.high else None

    def __str__(self) -> str:
        return f"a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Text:
    """A parameter of this form."""

    form: str
    what: str
    default: Value | None = None

    def checked(self, value: object) -> Value | None:
        """Return the value, or ``None`` if it is not allowed."""
        return value if isinstance(value, str) and re.fullmatch(self.form, value) else None

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. ``where`` is the process that injects it; faults of the ``agent`` require a running ``faults.agent``."""

    name: str
    where: str
    what: str
    takes: Mapping[str, Number | Text] = field(default_factory=dict)

    def checked(self, given: Mapping[str, object]) -> Parameters:
        """Return the parameters, with defaults for omitted ones. Raises ``WrongParameter``."""
        for name in given:
            if name not in self.takes:
                raise WrongParameter(name, f"{self.name} takes {' and '.join(['seconds', *self.takes])}, no {name}.")
        found: Parameters = {}
        for name, allowed in self.takes.items():
            value = allowed.checked(given[name]) if name in given else allowed.default
            if name in given and value is None:
                raise WrongParameter(name, f"{name} must be {allowed}.")
            if value is not None:
                found[name] = value
        return found


def _percent(default: float) -> Number:
    return Number(0.1, 100, default, whole=False)


_ROUTE = Text(r"/[\x21-\x7e]{0,199}", "a route template of the API, such as /api/v1/orders/<order_id>")
_REPLICA = Text(r"api-\d{1,3}", "a replica of the API, such as api-1 (default: all replicas)")
_STOPPABLE = Text(r"api-1|api-2|worker-1|payments|sweeper", "api-1, api-2, worker-1, payments or sweeper", "api-1")
# The log store is VictoriaLogs with its gateway, or Loki: `make status` lists which one runs.
_TELEMETRY = Text(
    r"collector|victorialogs|log-gateway|loki|jaeger",
    "collector, jaeger, or a running process of the log store (victorialogs, log-gateway or loki)",
    "collector",
)


def _milliseconds(default: int | None, high: int = 10_000) -> Number:
    return Number(1, high, default)


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "payment-down",
            "payments",
            "The payment service answers with 503, after a delay if milliseconds are given.",
            {"percent": _percent(100), "milliseconds": _milliseconds(None, 25_000)},
        ),
        Fault(
            "payment-slow",
            "payments",
            "The payment ledger loses an index, and each charge scans its collection for about this long.",
            {"milliseconds": Number(1000, 8000, 5000)},
        ),
        Fault(
            "api-errors",
            "api",
            "The API answers a percentage of its requests with 500.",
            {"percent": _percent(10), "route": _ROUTE, "instance": _REPLICA},
        ),
        Fault(
            "api-latency",
            "api",
            "The API delays a percentage of its requests.",
            {"percent": _percent(100), "milliseconds": _milliseconds(2500), "route": _ROUTE, "instance": _REPLICA},
        ),
        Fault(
            "worker-crash",
            "worker",
            "The work horse dies between charge and confirmation, in an order's first attempt.",
            {"percent": _percent(100)},
        ),
        Fault(
            "poison-job",
            "worker",
            "The jobs of a percentage of the orders fail at each attempt, until the orders are dead letters.",
            {"percent": _percent(20)},
        ),
        Fault("queue-stall", "worker", "The workers process no jobs."),
        Fault("cache-off", "api", "Every cache look-up is a miss."),
        Fault(
            "cache-stampede",
            "api",
            "All cache entries repeatedly expire at the same moment, and each caller loads them separately.",
            {"milliseconds": Number(100, 60_000, 2000)},
        ),
        Fault(
            "memory-leak",
            "api",
            "Each API replica allocates unneeded memory, at most 80 MB; it is released when the fault ends.",
            {"per_second": Number(1, 20, 1), "instance": _REPLICA},
        ),
        Fault(
            "log-flood",
            "api",
            "Each API replica writes this many additional log lines per second.",
            {"per_second": Number(1, 2000, 200), "instance": _REPLICA},
        ),
        Fault(
            "label-explosion",
            "api",
            "The API counts visits under this many new campaign names per second, until its label guard groups them.",
            {"per_second": Number(1, 1000, 50), "instance": _REPLICA},
        ),
        Fault("email-down", "worker", "The mail server refuses every connection.", {"percent": _percent(100)}),
        Fault("replica-kill", "agent", "A process is killed and not restarted.", {"instance": _STOPPABLE}),
        Fault("redis-pause", "agent", "Redis is paused (SIGSTOP): it accepts connections but does not respond."),
        Fault("mongo-pause", "agent", "MongoDB is paused (SIGSTOP): it accepts connections but does not respond."),
        Fault("telemetry-outage", "agent", "A telemetry component is stopped.", {"instance": _TELEMETRY}),
    )
}


def find(name: str) -> Fault:
    """Return the fault. Raises ``UnknownFault``."""
    if name not in FAULTS:
        raise UnknownFault(f"There is no fault with this name; the faults are {', '.join(FAULTS)}.")
    return FAULTS[name]


def described(fault: Fault) -> dict[str, Any]:
    """Describe the parameters of a fault for users: the allowed values and the default of each."""
    return {name: {"allowed": str(allowed), "default": allowed.default} for name, allowed in fault.takes.items()}
